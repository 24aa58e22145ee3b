"""Who asks for a motion, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass

from lectern.errors import InvalidInput, ToolNotAllowed

MAX_NAME = 200
# Those who may ask for a motion, and those who may approve one or change the scene.
PROPOSERS = frozenset({"user", "operator", "admin"})
APPROVERS = frozenset({"operator", "admin"})


@dataclass(frozen=True)
class User:
    """A person, or a program that acts for one.

    Attributes:
        name: What approvals are bound to and what the audit log shows.
        roles: `user` may propose; `operator` and `admin` may also approve and change the scene.

    Raises:
        InvalidInput: The name is empty or too long.
    """

    name: str
    roles: frozenset[str]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= MAX_NAME:
            raise InvalidInput(
                "A user's name is empty or too long.", f"Use 1 to {MAX_NAME} characters."
            )
        object.__setattr__(self, "roles", frozenset(self.roles))


# The person at the machine that Lectern runs on.
LOCAL = User("local", frozenset({"operator"}))


def check_role(user: User, roles: frozenset[str], what: str) -> None:
    """Check that a user has one of some roles.

    Raises:
        ToolNotAllowed: Has none of them, or is no `User` at all.
    """
    # Exactly a User: a subclass could answer differently each time it is asked.
    if type(user) is not User or not user.roles & roles:
        raise ToolNotAllowed(
            f"This user may not {what}.", f"It takes one of the roles {', '.join(sorted(roles))}."
        )
