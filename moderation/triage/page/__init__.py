"""The page that a moderator works in: `app.make_app` makes it from a queue, `serving.serve` listens.

Every page is whole without JavaScript; `static/page.js` adds the keys, and htmx swaps the message without a reload.
"""
