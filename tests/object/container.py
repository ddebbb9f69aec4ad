"""Makes a container in a server that speaks Azure's protocol: container.py ENDPOINT ACCOUNT KEY CONTAINER."""

import base64
import email.utils
import hashlib
import hmac
import sys
import time
import urllib.error
import urllib.request

VERSION = "2023-11-03"

endpoint, account, key, container = sys.argv[1:]
date = email.utils.formatdate(usegmt=True)
# What is signed: the method, eleven headers that this request has not, those of Azure, and what it is for.
lines = ["PUT", *[""] * 11, f"x-ms-date:{date}", f"x-ms-version:{VERSION}"]
signed = "\n".join([*lines, f"/{account}/{account}/{container}", "restype:container"])
signature = base64.b64encode(hmac.digest(base64.b64decode(key), signed.encode(), hashlib.sha256)).decode()
request = urllib.request.Request(f"{endpoint}/{account}/{container}?restype=container", b"", method="PUT")
for name, value in {
    "x-ms-date": date,
    "x-ms-version": VERSION,
    "Authorization": f"SharedKey {account}:{signature}",
    "Content-Type": "",
}.items():
    request.add_header(name, value)
for attempt in range(400):
    try:
        urllib.request.urlopen(request, timeout=5)
        break
    except urllib.error.HTTPError as error:
        sys.exit(f"{error}: {error.read().decode()}")
    except OSError:
        time.sleep(0.2)
else:
    sys.exit("the server does not answer")
