"""The web page: every tab is a file with plain handlers, and a ``layout`` that puts them behind components."""
