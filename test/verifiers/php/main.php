<?php

require 'phpseclib3/autoload.php';
require __DIR__ . '/access-tokens.php';

while (($token = fgets(STDIN)) !== false) {
    try {
        $claims = claims_of(trim($token), getenv('GATEHOUSE_ISSUER'), getenv('AUDIENCE'));
        echo "accepted: {$claims['sub']}\n";
    } catch (Throwable $error) {
        echo "refused: {$error->getMessage()}\n";
    }
}
