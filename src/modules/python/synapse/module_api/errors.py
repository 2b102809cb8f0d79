from synapse.api.errors import Codes, InvalidClientCredentialsError, RedirectException, SynapseError
from synapse.config._base import ConfigError

__all__ = ["Codes", "ConfigError", "InvalidClientCredentialsError", "RedirectException", "SynapseError"]
