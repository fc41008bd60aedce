"""Listings of folders as web servers print them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexing.bulk.page import PageEntry, read_page


def test_apache_with_preformatted_lines_as_ncbi_prints_it() -> None:
    html = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /pubmed/baseline</title></head><body><h1>Index of /pubmed/baseline</h1>
<pre>Name                     Last modified      Size  <hr><a href="/pubmed/">Parent Directory</a>                    -
<a href="README.txt">README.txt</a>               2025-12-11 09:03  5.3K
<a href="pubmed26n0001.xml.gz">pubmed26n0001.xml.gz</a>     2026-01-29 14:48   19M
<a href="pubmed26n0001.xml.gz.md5">pubmed26n0001.xml.gz.md5</a> 2026-01-29 14:48   60
<hr></pre></body></html>"""
    assert read_page(html) == (
        PageEntry("README.txt", "2025-12-11", 5427),
        PageEntry("pubmed26n0001.xml.gz", "2026-01-29", 19_922_944),
        PageEntry("pubmed26n0001.xml.gz.md5", "2026-01-29", 60),
    )


def test_apache_with_a_table_and_names_cut_short() -> None:
    html = """<html><body><table><tr><th><a href="?C=N;O=D">Name</a></th>
<th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><img src="/icons/compressed.gif" alt="[   ]"></td>
<td><a href="pubmed26n1400.xml.gz">pubmed26n1400.x..&gt;</a></td>
<td align="right">2026-03-01 02:05  </td><td align="right">104M</td><td>&nbsp;</td></tr></table></body></html>"""
    assert read_page(html)[2:] == (PageEntry("pubmed26n1400.xml.gz", "2026-03-01", 109_051_904),)


def test_nginx_with_its_own_dates_and_exact_sizes() -> None:
    html = """<html><body><pre><a href="../">../</a>
<a href="pubmed26n0001.xml.gz">pubmed26n0001.xml.gz</a>                 29-Jan-2026 14:48            19712345
</pre></body></html>"""
    assert read_page(html) == (PageEntry("pubmed26n0001.xml.gz", "2026-01-29", 19_712_345),)


def test_a_bare_list_of_links_has_neither_dates_nor_sizes() -> None:
    html = (
        '<html><ul><li><a href="./pubmed26n0001.xml.gz">pubmed26n0001.xml.gz</a></li>\n<li><a href="x%20y">x y</a></ul>'
    )
    assert read_page(html) == (PageEntry("pubmed26n0001.xml.gz"), PageEntry("x y"))


def test_links_out_of_the_folder_are_no_files_of_it() -> None:
    html = '<a href="../../etc/passwd">p</a><a href="%2e%2e%2fpubmed26n0001.xml.gz">q</a><a href="https://x.example/y">y</a>'
    assert read_page(html) == ()


@given(st.text() | st.text(alphabet='<>a href="/pubmed26n0001.xml.gz -:&;', max_size=200))
def test_whatever_the_page_is_names_stay_within_the_folder(html: str) -> None:
    assert all(entry.name and "/" not in entry.name for entry in read_page(html))
