"""Identity: who the visitor is, from first-party cookies and links, within what consent allows.

settings        the key `identity:` of the configuration
stage           `compile_identity`: from an event to the event with its identifiers, and the
                cookies to set
visitor         the visitor id and the cookie that carries it
ga_session      Google Analytics' session, from the cookies of gtag.js
meta_cookies    `_fbp` and `_fbc`
click_cookies   click ids that advertising platforms keep in cookies
google_linker   the `_gl` parameter of gtag.js
link            our own signed parameter between domains, and the redirect that adds it
denial          deleting the visitor cookie of a visitor who denies it
page_links      removing both parameters from URLs
user_id         the hash that replaces a user id
proof           the cookie that proves that a visitor id is the browser's own
cookies         cookies in, cookies out
visit           the identifiers in the request of one event
fresh           random ids, the same for all events of one request
"""

from gateway.stages.identity.link import Link, compile_link
from gateway.stages.identity.proof import compile_proven_visitor
from gateway.stages.identity.settings import IdentitySettings
from gateway.stages.identity.stage import Identified, compile_identity, identity_needs

__all__ = [
    "Identified",
    "IdentitySettings",
    "Link",
    "compile_identity",
    "compile_link",
    "compile_proven_visitor",
    "identity_needs",
]
