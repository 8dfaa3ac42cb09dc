"""Identity: who the visitor is, from first-party cookies and links, within what consent allows.

settings        the key `identity:` of the configuration
stage           `compile_identity`: an event in, the event with its identifiers and the
                cookies to set out
visitor         the visitor id and the cookie that carries it
ga_session      Google Analytics' session, from the cookies of gtag.js
meta_cookies    `_fbp` and `_fbc`
click_cookies   click ids that advertising platforms keep in cookies
google_linker   the `_gl` parameter of gtag.js
link            our own signed parameter between domains, and the redirect that adds it
page_links      taking both parameters out of URLs
user_id         the hash that stands for a user id
cookies         cookies in, cookies out
domains         what domain a cookie belongs to
"""

from gateway.identity.link import compile_link
from gateway.identity.settings import IdentitySettings
from gateway.identity.stage import Identified, compile_identity

__all__ = ["Identified", "IdentitySettings", "compile_identity", "compile_link"]
