<?php
// Enrolls every active user of a department in a course, for thirty days from now. PHP 7.4 or later, no extension.
//   php enroll_department.php DEPARTMENT_CODE COURSE_ID

declare(strict_types=1);

if ($argc !== 3) {
    fwrite(STDERR, "php enroll_department.php DEPARTMENT_CODE COURSE_ID\n");
    exit(2);
}
[, $code, $course] = $argv;
$url = rtrim(getenv('ROLLBOOK_URL') ?: 'http://127.0.0.1:8080', '/');

/** One request; exits with what the server says unless it is a success. */
function send(string $method, string $address, array $headers, string $body = '')
{
    $context = stream_context_create(['http' => [
        'method' => $method,
        'header' => array_merge(['Accept: application/json'], $headers),
        'content' => $body,
        'ignore_errors' => true,
    ]]);
    $text = file_get_contents($address, false, $context);
    $status = (int) explode(' ', $http_response_header[0])[1];
    $answer = json_decode($text, true);
    if ($status >= 300) {
        fwrite(STDERR, $status . ': ' . ($answer['message'] ?? $text) . "\n");
        exit(1);
    }
    return $answer;
}

$token = send('POST', "$url/api/v3/token", ['Content-Type: application/x-www-form-urlencoded'], http_build_query([
    'grant_type' => 'client_credentials',
    'client_id' => getenv('ROLLBOOK_CLIENT_ID'),
    'client_secret' => getenv('ROLLBOOK_CLIENT_SECRET'),
]))['access_token'];
$authorization = "Authorization: Bearer $token";

$departments = send('GET', "$url/department?code=" . urlencode($code), [$authorization]);
if (!$departments) {
    fwrite(STDERR, "There is no department with the code $code.\n");
    exit(1);
}

$learners = [];
$pageToken = '';
do {
    $query = http_build_query(['departments' => [$departments[0]['departmentId']], 'pageToken' => $pageToken]);
    $page = send('GET', "$url/users/v2?$query", [$authorization]);
    foreach ($page['userProfiles'] as $user) {
        if ($user['status'] === 1) {
            $learners[] = $user['userId'];
        }
    }
    $pageToken = $page['nextPageToken'] ?? '';
} while ($pageToken !== '');

if (!$learners) {
    fwrite(STDERR, "The department $code has no active users.\n");
    exit(1);
}
send('POST', "$url/enrollment", [$authorization, 'Content-Type: application/json'], json_encode([
    'courseIds' => [$course],
    'learnerIds' => $learners,
    'dueDateType' => 'due_period',
    'duePeriod' => 720,
]));
echo 'enrolled: ' . count($learners) . "\n";
