"""Serves the app in the browser: `ui` takes a workbench and opens its page.

`ui_page`, `ui_library` and `ui_models` lay out the tabs, `render…` writes their HTML, and `desk` carries out what a
user does. `http`, `password` and `public` guard every request; `uploads` and `pages` take files and show a PDF's pages.
"""
