"""The routes for visitors, by what opens them. A line is methods and a path."""

# What shows and changes nothing of a customer but what the caller brings.
PUBLIC = """
    GET /api/docs
    GET /api/docs/start.js
    GET /api/v1/films
    GET /api/v1/films/facets
    GET /api/v1/suggestions
    GET /api/v1/films/{slug}
    GET /api/v1/collections
    GET /api/v1/subjects
    GET /api/v1/collections/{slug}
    GET /api/v1/subjects/{slug}
    GET /api/v1/people/{slug}
    GET /api/v1/films/{slug}/notes
    GET /api/v1/films/{slug}/licensing
    GET /api/v1/license-texts/{code}/{version}
    GET /api/v1/license-texts
    POST /api/v1/availability
    GET /api/v1/customer-classes
    POST /api/v1/orders
    POST /api/v1/quotes
    GET /api/v1/licenses/{number}/verification
    GET /api/v1/records
    POST /webhooks/stripe
    GET /films/{slug}/record.{form}
    GET /kbart.txt
    GET /files/{sha256}/{name}
    GET /r51/status
    GET /r51/members
    GET /r51/reports
    GET /r51/reports/{report}
    GET /health/live
    GET /health/ready
    GET /films/{slug}/card.png
    GET /films/{slug}/citation.{ending}
    GET /sitemap.xml
    GET /sitemaps/{part}-{number}.xml
    GET /robots.txt
    GET /opensearch.xml
    GET /films.atom
    GET /press.atom
    GET /leaving.atom
    GET /subjects/{slug}/films.atom
    GET /collections/{slug}/films.atom
    GET /people/{slug}/films.atom
    POST GET /oai
    GET /how-licensing-works
    GET /terms
    GET /license-texts/{code}/{version}
    GET /privacy
    GET /accessibility
    GET /
    GET /films
    GET /collections
    GET /collections/{slug}
    GET /subjects/{slug}
    GET /people/{slug}
    GET /people
    GET /films/{slug}
    GET /films/{slug}/poster.svg
    GET /compare
    GET /recent
    GET /leaving
    GET /press
    GET POST /films/{slug}/notes
    GET /notes/sent
    GET POST /notes/confirm
    GET /notes/confirmed
    GET POST /notes/replies
    GET POST /buyer
    GET /who
    GET /cart
    POST /cart/lines
    POST /cart/lines/{line_id}
    POST /cart/prices
    GET POST /checkout
    POST /quotes
    GET POST /watch/{slug}
    GET POST /watch/{slug}/embed
    POST /watch/plays/{ref}/beat
    GET /media/{token}/{package}/{name}
    GET /verify
    GET /verify/{number}
    GET POST /lookup
    POST /lookup/answer.csv
    POST /lookup/answer.xlsx
    POST /lookup/cart
    GET POST /lookup/list
    GET /lookup/list/answer.csv
    GET /lookup/list/answer.xlsx
    GET /alerts/new
    POST /alerts
    GET POST /alerts/confirm
    GET POST /alerts/manage
    GET POST /alerts/unsubscribe
    GET /account/sign-in/start
    GET /account/sign-in/callback
    GET POST /account/sign-in
    GET POST /account/sign-in/link
    POST /account/sign-out
    GET POST /account/invitation
    GET POST /films/{slug}/request
    GET POST /film-requests/confirm
    GET POST /find-my-order
    GET /access/find
    GET /access/institutions/{ref}
    GET POST /access/email
    GET POST /access/email/link
    POST /access/leave
    GET /access/saml/metadata
    GET /access/saml/login
    POST /access/saml/acs
    GET /access/oidc/{ref}/start
    GET /access/oidc/{ref}/callback
    GET /access/lti/keys
    GET POST /access/lti/login
    POST /access/lti/launch
    POST /access/lti/choose
    GET POST /access/class/{signed}
"""
# What only a link of the object itself opens, whoever comes with it.
BY_LINK = """
    GET /api/v1/orders/{number}
    GET /api/v1/quotes/{number}
    POST /api/v1/quotes/{number}/accept
    POST /api/v1/orders/{number}/purchase-order/files
    GET /api/v1/orders/{number}/purchase-order/files/{sha256}
    POST GET /api/v1/orders/{number}/exemptions
    POST /api/v1/orders/{number}/checkout
    GET /api/v1/licenses/{number}/certificate.json
    GET /api/v1/licenses/{number}/certificate.pdf
    GET /orders/{number}/records.{form}
    GET /orders/{number}
    POST /orders/{number}/pay
    POST /orders/{number}/cart
    POST /orders/{number}/confirm
    GET /orders/{number}/return
    GET /quotes/{number}.pdf
    GET /quotes/{number}
    POST /quotes/{number}/share
    POST /quotes/{number}/decline
    POST /quotes/{number}/cart
    GET POST /quotes/{number}/accept
    POST /invoices/{number}/pay
    GET /invoices/{number}/return
    GET /invoices/{number}.pdf
    GET /invoices/{number}
    GET /credit-notes/{number}.pdf
    GET /credit-notes/{number}
    POST /orders/{number}/purchase-order
    POST /quotes/{number}/purchase-order
    GET /orders/{number}/purchase-order/{sha256}.pdf
    GET POST /orders/{number}/exemption
    GET /licenses/{number}/certificate.pdf
    GET /licenses/{number}/certificate.json
    GET POST /renewals/{key}
    GET /downloads/{key}
    POST /downloads/{secret}
    POST /downloads/{secret}/replace
    GET /downloads/{ticket}/{name}
    GET /statements/{key}
    GET /statements/{key}.pdf
    GET /vendor-documents/{token}.pdf
    GET /quotes/{number}/vendor-documents/{ref}.pdf
    GET /invoices/{number}/vendor-documents/{ref}.pdf
"""
# What a signed-in person, or a key of theirs, opens.
BY_SIGN_IN = """
    GET /api/v1/me/licenses
    GET /api/v1/me/licenses.csv
    GET /api/v1/me/licenses.ics
    GET /api/v1/me/orders/{number}/records.{form}
    GET /account
    GET /account/orders
    GET /account/orders/{number}
    GET /account/quotes
    GET /account/quotes/{number}
    GET /account/invoices
    GET /account/invoices/{number}
    GET /account/licenses
    GET /account/statement
    GET /account/statement.pdf
    GET POST /account/keys
    POST /account/keys/revoke
    GET POST /account/people
    GET POST /account/access
    GET POST /account/class-links
    POST /account/class-links/{ref}/withdraw
    POST /account/access/saml
    POST /account/access/platforms
    POST /account/access/platforms/remove
    GET /account/access/ezproxy.txt
    POST /account/invitations/{ref}/withdraw
    GET POST /account/people/{ref}
    GET /account/requests
    GET /account/requests/{ref}
    POST /account/requests/{ref}/cart
    POST /account/requests/{ref}/decline
    POST /account/name
    POST /account/sign-out-everywhere
    GET /account/usage
    GET /account/usage.csv
    GET /account/usage/{report}.tsv
    POST /account/usage/keys
    POST /account/usage/keys/revoke
    GET POST /account/exemptions
    GET /account/vendor-documents
    GET /account/vendor-documents/{ref}.pdf
    GET /me/licenses
    GET /me/licenses.csv
    GET /me/licenses.ics
    GET /me/orders/{number}/records.{form}
"""
