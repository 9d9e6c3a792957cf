"""The Telegram bot: a photo and a style go in, the result comes back."""
