"""What the configuration can say about a Mixpanel project."""

from typing import Literal

from pydantic import Field

from gateway.plugins import Credential, DestinationSettings


class MixpanelSettings(DestinationSettings):
    type: Literal["mixpanel"] = Field(default="mixpanel", description="A project of Mixpanel.")
    project_id: str = Field(
        pattern=r"^\d+$", description="Id of the project, from its settings in Mixpanel."
    )
    username: str = Field(description="Name of a service account with the role Admin or Owner.")
    secret: Credential = Field(description="Secret of the service account; it is never shown.")
    region: Literal["us", "eu", "in"] = Field(
        default="us", description="Where the project keeps its data."
    )
