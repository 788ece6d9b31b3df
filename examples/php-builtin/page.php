<?php

// What the page says. Change it while devloop runs, and reload the page.
const MESSAGE = 'Hello, World!';

function page(): string
{
    return "<!doctype html>\n<title>php-builtin</title>\n<h1>" . htmlspecialchars(MESSAGE) . "</h1>\n";
}
