"""For mkdocs: a link to a folder of the repository leads to the page of the folder; one to a folder without a page, or to a
file that is not of the site, is text. Links to what is not in the repository stay, and mkdocs finds them."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)\)")


def on_page_markdown(markdown, page, config, files):
    folder = os.path.dirname(page.file.src_path)

    def link(match):
        text, target = match.groups()
        path = os.path.normpath(os.path.join(folder, target))
        if os.path.isfile(os.path.join(config["docs_dir"], path, "README.md")):
            return f"[{text}]({target.rstrip('/')}/README.md)"
        if os.path.isdir(os.path.join(ROOT, path)):
            return text
        if os.path.isfile(os.path.join(ROOT, path)) and not os.path.isfile(os.path.join(config["docs_dir"], path)):
            return text
        return match[0]

    parts, at = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(link, markdown[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join(parts) + LINK.sub(link, markdown[at:])
