"""Setting a certificate as PDF; WeasyPrint needs Pango from the system, so it is asked for when somebody wants one."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import segno

from kernel.errors import DomainError

SHEETS_MAX = 64


class PdfUnavailable(DomainError):
    """The machine lacks the libraries that set a PDF; the certificate as a page is not affected."""

    code = "certificate.pdf_unavailable"
    status = 503
    title = "暂时不能生成 PDF 证书"
    title_en = "No PDF for the time being"
    retryable = True


def qr_svg(address: str) -> bytes:
    """Draw an address as a QR code."""
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", scale=4, border=2, xmldecl=False, nl=False)
    return drawn.getvalue()


def qr_uri(address: str) -> str:
    """Draw an address as a QR code that stands in the document itself."""
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=2))


@lru_cache(maxsize=SHEETS_MAX)
def pdf_of(html: str, stylesheet: str) -> bytes:
    """Set a document as PDF: the same bytes for the same text, and without asking the network for anything.

    Raises:
        PdfUnavailable: WeasyPrint, Pango or another library is missing on this machine.
    """
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise PdfUnavailable(
            "服务器缺少生成 PDF 所需的系统库（Debian：apt-get install libpangoft2-1.0-0 fonts-noto-cjk）；"
            "网页不受影响，可在浏览器中打印",
            detail_en="The server lacks the libraries for PDF (libpangoft2-1.0-0); print the page instead",
        ) from error
    inside = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    document = weasyprint.HTML(string=html, base_url=None, url_fetcher=inside)
    sheet = weasyprint.CSS(string=stylesheet, url_fetcher=inside)
    return bytes(document.write_pdf(stylesheets=[sheet]) or b"")
