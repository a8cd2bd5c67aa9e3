"""Registration of products: acceptance, formal review, public notice, objection, code, certificate, and the gates."""
