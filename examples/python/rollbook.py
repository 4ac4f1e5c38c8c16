"""What every script here needs: a token, calls in JSON, pages. Python 3.8 or later, nothing but its standard library."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("ROLLBOOK_URL", "http://127.0.0.1:8080").rstrip("/")
_token = None


class Refused(Exception):
    """An answer that is no success, with what the server said."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status


def _send(method, path, body=None, content_type=None, token=None):
    headers = {"Accept": "application/json"}
    if content_type:
        headers["Content-Type"] = content_type
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(URL + path, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            message = json.loads(text)["message"]
        except (ValueError, KeyError):
            message = text.decode("utf-8", "replace")
        raise Refused(error.code, message) from None
    return json.loads(text) if text else None


def _new_token():
    form = urllib.parse.urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": os.environ["ROLLBOOK_CLIENT_ID"],
            "client_secret": os.environ["ROLLBOOK_CLIENT_SECRET"],
        }
    )
    answer = _send("POST", "/api/v3/token", form.encode(), "application/x-www-form-urlencoded")
    return answer["access_token"]


def call(method, path, body=None, query=None):
    """One request; the token is renewed when it has ended."""
    global _token
    if query:
        path += "?" + urllib.parse.urlencode(query, doseq=True)
    data = None if body is None else json.dumps(body).encode()
    content_type = None if body is None else "application/json"
    if _token is None:
        _token = _new_token()
    try:
        return _send(method, path, data, content_type, _token)
    except Refused as refused:
        if refused.status != 401:
            raise
        _token = _new_token()
        return _send(method, path, data, content_type, _token)


def pages(path, key, query=None, token=None):
    """Yields (token of the page, its entries), from `token` on; None is the first page."""
    while True:
        answer = call("GET", path, query={**(query or {}), **({"pageToken": token} if token else {})})
        yield token, answer[key]
        token = answer.get("nextPageToken")
        if not token:
            return
