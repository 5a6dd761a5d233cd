"""A second factor's secret at rest opens for its own account and under its own key only."""

from uuid import uuid4

import pytest

from gateway.application.ports import StoreDown
from gateway.infra.factor_vault import SealedFactorVault

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_what_was_sealed_opens_and_does_not_show_the_secret() -> None:
    vault, user = SealedFactorVault(b"f" * 32), uuid4()
    sealed = vault.seal(user, SECRET)
    assert SECRET not in sealed
    assert vault.unseal(user, sealed) == SECRET


def test_a_row_copied_to_another_account_does_not_open() -> None:
    vault = SealedFactorVault(b"f" * 32)
    with pytest.raises(StoreDown):
        vault.unseal(uuid4(), vault.seal(uuid4(), SECRET))


def test_another_key_refuses_and_lets_nobody_in() -> None:
    user = uuid4()
    sealed = SealedFactorVault(b"f" * 32).seal(user, SECRET)
    with pytest.raises(StoreDown):
        SealedFactorVault(b"g" * 32).unseal(user, sealed)
