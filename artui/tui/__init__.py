"""The app. It reads through `artui.query` and changes through `artui.catalog`; nothing here waits for the file."""
