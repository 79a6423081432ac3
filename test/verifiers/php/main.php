<?php

require 'phpseclib3/autoload.php';
require __DIR__ . '/recipe.php';

while (($token = fgets(STDIN)) !== false) {
    try {
        $claims = claims_of(trim($token), getenv('GATEHOUSE_ISSUER'), getenv('AUDIENCE'));
        echo "200 {$claims['sub']}\n";
    } catch (Throwable $error) {
        echo "{$error->getCode()} {$error->getMessage()}\n";
    }
}
