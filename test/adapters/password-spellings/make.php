<?php
// Prints hashes that PHP makes of the passwords, one JSON object a line. Those of WordPress 6.8 follow its announcement
// (https://make.wordpress.org/core/2025/02/17/wordpress-6-8-will-use-bcrypt-for-password-hashing/): bcrypt of the base64 of an
// HMAC-SHA-384 under the key "wp-sha384", of what trim() leaves of the password.
function tell(string $spelling, string $maker, string $password, string $hash): void {
    $line = ['spelling' => $spelling, 'maker' => $maker, 'password' => $password, 'hash' => $hash];
    echo json_encode($line, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
}
$php = 'PHP ' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
$passwords = ['correct horse battery staple', 'Pässwörter: 한국어 🦉', str_repeat('0123456789', 9)];
foreach ($passwords as $password) {
    tell('bcrypt', $php, $password, password_hash($password, PASSWORD_BCRYPT, ['cost' => 5]));
}
foreach ([...$passwords, "  in blanks\t"] as $password) {
    $prepared = base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true));
    $hash = '$wp' . password_hash($prepared, PASSWORD_BCRYPT, ['cost' => 5]);
    tell('wordpress-bcrypt', "make.php on $php, WordPress 6.8", $password, $hash);
}
