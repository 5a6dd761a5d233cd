"""How far mailboxes elsewhere were read."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import Work, compiled
from notifier.application.fetch_mail import Place
from notifier.infra.db.tables import mailbox_place as place

_INSERT = insert(place).values({c.name: bindparam(f"b_{c.name}") for c in place.c})
PUT = compiled(
    _INSERT.on_conflict_do_update(
        index_elements=[place.c.name],
        set_={"uid_validity": _INSERT.excluded.uid_validity, "uid": _INSERT.excluded.uid},
        where=(place.c.uid_validity != _INSERT.excluded.uid_validity)
        | (place.c.uid < _INSERT.excluded.uid),
    )
)
GET = compiled(select(place.c.uid_validity, place.c.uid).where(place.c.name == bindparam("b_name")))


class DbPlaces:
    """See fetch_mail.Places."""

    async def get(self, work: Work, name: str) -> Place | None:
        """See ports."""
        row = await GET.row(work, b_name=name)
        return None if row is None else Place(row["uid_validity"], row["uid"])

    async def put(self, work: Work, name: str, place: Place) -> None:
        """See ports."""
        await PUT.execute(work, b_name=name, b_uid_validity=place.uid_validity, b_uid=place.uid)
