<?php

require __DIR__ . '/page.php';

if (!str_contains(page(), MESSAGE)) {
    fwrite(STDERR, "the page does not say the message\n");
    exit(1);
}
