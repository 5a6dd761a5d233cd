"""Teams: decided and folded."""

from uuid import uuid4

import pytest

from deskstream_events.gateway.team import TeamChangedV1, TeamCreatedV1
from gateway.domain.errors import NotFound
from gateway.domain.team import Team
from gateway.testing import NINE


def test_a_change_is_recorded_and_its_repeat_is_not() -> None:
    team = Team.create(uuid4(), "Credit", restricted=False, at=NINE)
    team.change("Credit desk", restricted=True, at=NINE)
    team.change("Credit desk", restricted=True, at=NINE)
    assert [type(event) for event in team.pending] == [TeamCreatedV1, TeamChangedV1]
    folded = Team.fold(team.team_id, team.pending)
    assert (folded.title, folded.restricted, folded.version) == ("Credit desk", True, 2)


def test_a_team_without_events_does_not_exist() -> None:
    with pytest.raises(NotFound):
        Team.fold(uuid4(), ())
