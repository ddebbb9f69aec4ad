"""For mkdocs: links to folders of the repository lead to the page of the folder, or nowhere where it has none."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)\)")


def on_page_markdown(markdown, page, config, files):
    folder = os.path.dirname(os.path.join(ROOT, page.file.src_path))

    def link(match):
        text, target = match.groups()
        path = os.path.join(folder, target)
        if not os.path.isdir(path):
            return match[0]
        if os.path.isfile(os.path.join(path, "README.md")):
            return f"[{text}]({target.rstrip('/')}/README.md)"
        return text

    parts, at = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(link, markdown[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join(parts) + LINK.sub(link, markdown[at:])
