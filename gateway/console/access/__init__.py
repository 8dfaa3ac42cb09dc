"""Who may see the console.

hosts        under which names it answers
sessions     who asks: the session of a cookie
requests     only requests that pages of the console made
sign_in      the form for a password, and signing out
links        one-time links
openid       sign-in with a provider of OpenID Connect
operator     roles, and what needs the role operator
"""
