"""Holds a page of `lensweep report` to HTML: python3 tests/check_page.py PAGE [WORD...]

Elements are closed in the order in which they were opened, nothing stands where it may not, attributes and ids are
there once, every reference is to an id of the page, and nothing is fetched from elsewhere. WORDs must be in its text.
With html5lib at hand its errors count, too.
"""

import sys
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# What an element may stand in directly, where that is few.
INSIDE = {"li": {"ul", "ol"}, "tr": {"table", "tbody", "thead"}, "td": {"tr"}, "th": {"tr"}, "summary": {"details"},
          "figcaption": {"figure"}, "h2": {"section"}, "main": {"body"}, "title": {"head", "svg", "a", "g"},
          "style": {"head", "defs"}}
# What a paragraph is ended by, so may not have inside.
BLOCKS = {"p", "pre", "ul", "ol", "table", "section", "figure", "div", "details", "h1", "h2", "h3", "h4"}
FETCHES = ("src", "srcset", "data", "action", "poster")


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.open, self.ids, self.refs, self.text, self.wrong, self.doctype = [], set(), set(), [], [], 0
        self.sections, self.figures, self.xml = 0, 0, False

    def complain(self, what):
        self.wrong.append(f"line {self.getpos()[0]}: {what}")

    def handle_decl(self, decl):
        self.doctype += decl.lower() == "doctype html"

    def handle_startendtag(self, tag, attrs):
        self.element(tag, attrs)
        if "svg" not in self.open and tag not in VOID:
            self.complain(f"<{tag}/> outside of a drawing")

    def handle_starttag(self, tag, attrs):
        self.element(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def element(self, tag, attrs):
        parent = self.open[-1] if self.open else ""
        if tag in INSIDE and parent not in INSIDE[tag]:
            self.complain(f"<{tag}> in <{parent}>")
        if "p" in self.open and tag in BLOCKS or tag == "script":
            self.complain(f"<{tag}> in {self.open[-3:]}")
        self.sections += tag == "section"
        self.figures += tag == "figure"
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.complain(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            if name == "id":
                if value in self.ids:
                    self.complain(f"the id {value} twice")
                self.ids.add(value)
            elif name in ("href", "xlink:href"):
                if value.startswith("#"):
                    self.refs.add(value[1:])
                else:
                    self.complain(f"a reference to {value}")
            elif name in FETCHES or "url(" in (value or "") and "url(#" not in value or name.startswith("on"):
                self.complain(f"<{tag} {name}> fetches or runs something")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complain(f"</{tag}> closes something else")

    def handle_data(self, data):
        if "&" in data and "style" not in self.open:
            self.complain("a bare &")
        self.text.append(data)

    def handle_entityref(self, name):
        self.text.append({"amp": "&", "lt": "<", "gt": ">", "quot": '"'}.get(name) or self.complain(f"&{name};") or "")

    def handle_charref(self, name):
        self.text.append("?")

    def handle_pi(self, data):
        self.complain("a processing instruction")


def main():
    path, words = sys.argv[1], sys.argv[2:]
    source = open(path, "rb").read().decode("utf-8")
    page = Page()
    page.feed(source)
    page.close()
    text = "".join(page.text)
    page.wrong += [f"<{tag}> is not closed" for tag in page.open]
    page.wrong += [f"#{ref} is nowhere" for ref in page.refs - page.ids]
    page.wrong += [f"'{word}' is not in the page" for word in words if word not in text]
    if page.doctype != 1 or not source.startswith("<!DOCTYPE html>") or page.sections < 8:
        page.wrong.append("no page of a report")
    try:
        import html5lib

        parser = html5lib.HTMLParser()
        parser.parse(source)
        page.wrong += [str(e) for e in parser.errors]
    except ImportError:
        pass
    print("\n".join(page.wrong[:20]) or f"{page.figures} figures")
    sys.exit(bool(page.wrong))


if __name__ == "__main__":
    main()
