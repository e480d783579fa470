"""The dashboard's files: served as what they are, small, and closed to the outside."""

from __future__ import annotations

import re

import httpx
import pytest

from edge_agent.web.app import PAGES

FILES = ("index.html", "app.js", "charts.js", "words.js", "style.css")
MAX_BYTES = 42_000
MARKUP_FROM_TEXT = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "Function(",
    "DOMParser",
    "createContextualFragment",
    "srcdoc",
    "javascript:",
)
OWN_NAMESPACE = "http://www.w3.org/2000/svg"


def text_of(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "types", "words"),
    [
        ("/", ("text/html",), "<!doctype html>"),
        ("/app.js", ("text/javascript", "application/javascript"), "/api/status"),
        ("/style.css", ("text/css",), "prefers-color-scheme"),
    ],
)
async def test_pages_come_with_their_types(
    browser: httpx.AsyncClient, path: str, types: tuple[str, ...], words: str
) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] in types
    assert words in answer.text


async def test_all_that_the_page_refers_to_is_served(browser: httpx.AsyncClient) -> None:
    links = re.findall(r'(?:src|href)="([^"]+)"', text_of("index.html"))
    assert {"/app.js", "/style.css"} <= set(links)
    for link in links:
        assert (await browser.get(link)).status_code == 200, link


async def test_every_address_the_script_asks_is_served(browser: httpx.AsyncClient) -> None:
    asked = set(re.findall(r"/api/[a-z]+", text_of("app.js")))
    assert asked == {"/api/status", "/api/plan", "/api/flows"}
    for path in asked:
        assert (await browser.get(path)).status_code == 200, path


@pytest.mark.parametrize("word", MARKUP_FROM_TEXT)
def test_the_script_never_makes_markup_of_text(word: str) -> None:
    assert word not in text_of("app.js")
    assert word not in text_of("index.html")


@pytest.mark.parametrize("name", FILES)
def test_no_file_knows_a_foreign_address(name: str) -> None:
    text = text_of(name).replace(OWN_NAMESPACE, "")
    assert re.findall(r"(?:https?:|wss?:|ftp:)?//[a-zA-Z0-9]", text) == []
    assert "url(" not in text
    assert "@import" not in text


def test_a_strict_content_policy_can_be_sent() -> None:
    page = text_of("index.html")
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert 'setAttribute("style"' not in text_of("app.js")


def test_the_script_finds_every_element_it_names() -> None:
    named = set(re.findall(r'\$\("([a-z-]+)"\)', text_of("app.js")))
    ids = re.findall(r'\sid="([a-z-]+)"', text_of("index.html"))
    assert len(ids) == len(set(ids))
    assert named
    assert named <= set(ids)


def test_the_page_is_small() -> None:
    assert sum((PAGES / name).stat().st_size for name in FILES) < MAX_BYTES
