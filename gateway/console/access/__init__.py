"""Who may see the console.

hosts        under which names it answers
sessions     who asks: the session of a cookie
requests     which requests of a browser were meant: no other page made them
sign_in      the form for a password, and signing out
links        one-time links
openid       sign-in with a provider of OpenID Connect
operator     roles, and what needs the role operator
"""
