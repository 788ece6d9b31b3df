export const text = 'Hello, World!'
