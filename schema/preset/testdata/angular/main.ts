export const page = "Hello, World!";
