# Hello, World!
