<?php
function greeting(): string
{
    return "Hello, World!";
}
