class ConfigError(Exception):
    """The operator's configuration is wrong: `path` leads to the key, from the module's `config` down."""

    def __init__(self, msg, path=None):
        super().__init__(msg)
        self.msg = msg
        self.path = path
