"""Sign-in with a provider of OpenID Connect: the authorization code flow with PKCE.

start      a sign-in that has begun, sealed in a cookie of the browser that began it
provider   the provider's metadata, its keys, and ID tokens in exchange for codes
id_token   what an ID token says, if it is valid; name and role
routes     where a sign-in begins and ends

PyJWT, which the gateway needs anyway, verifies signatures and claims, and the gateway's own HTTP
client asks the provider, within its bounds of time and bytes.
"""
