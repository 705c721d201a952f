"""Makes the databases of this folder with SQLAlchemy, as a program makes them that was written after Folio's seed:
`pip install sqlalchemy==2.1.9 && python make.py`. The tests read the files; nothing runs this script.

`database.db` can be kept whole. `awkward.db` has rows that Folio's constraints refuse, or whose parents are gone.
"""

import enum
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ForeignKey, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

FOLDER = Path(__file__).parent


class Base(DeclarativeBase):
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    created_at: Mapped[datetime] = mapped_column(default=datetime.utcnow)


class User(Base):
    __tablename__ = "users"

    user_id: Mapped[int] = mapped_column(unique=True)
    username: Mapped[str]
    email: Mapped[str | None]


class Status(enum.Enum):
    public = "Public"
    private = "Private"


class Repository(Base):
    __tablename__ = "repositories"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    repo_name: Mapped[str]
    status: Mapped[Status]


class Resume(Base):
    __tablename__ = "resumes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    vacancy: Mapped[str]


class Note(Base):
    __tablename__ = "notes"

    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


def clock():
    """A new time at each call, so that no two rows share one."""
    moment = datetime(2023, 5, 17, 8, 30, 0, 123456)
    while True:
        yield moment
        moment += timedelta(days=1, seconds=1)


def make(name: str, rows: list, afterwards: str = "") -> None:
    (FOLDER / name).unlink(missing_ok=True)
    engine = create_engine(f"sqlite+pysqlite:///{FOLDER / name}")
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        for row, moment in zip(rows, clock()):
            row.created_at = moment
            session.add(row)
            session.flush()
    # Changes by hand: SQLAlchemy's SQLite neither enforces foreign keys nor checks the names of an enum.
    with engine.begin() as connection:
        for statement in filter(None, map(str.strip, afterwards.split(";"))):
            connection.execute(text(statement))
    engine.dispose()


def whole() -> list:
    return [
        User(id=1, user_id=583231, username="octocat", email="octocat@example.org"),
        User(id=4, user_id=7, username="Ада"),
        User(id=9, user_id=1, username="step", email=""),
        Repository(user_id=583231, repo_name="hello-world", status=Status.public),
        Repository(user_id=583231, repo_name="secrets", status=Status.private),
        Repository(user_id=7, repo_name="hello-world", status=Status.public),
        Resume(id=5, user_id=9, vacancy="Junior Python Dev."),
        Note(name="To do", user_id=1),
        Note(name="Заметка", user_id=4),
        Note(id=20, name="Done", user_id=9),
    ]


make("database.db", whole())
make(
    "awkward.db",
    whole()
    + [
        User(id=30, user_id=30, username="u" * 300),
        User(id=31, user_id=31, username="gone"),
        Repository(id=40, user_id=583231, repo_name="secrets", status=Status.public),
        Repository(id=41, user_id=30, repo_name="of a long name", status=Status.public),
        Repository(id=42, user_id=31, repo_name="orphan", status=Status.public),
        Repository(id=43, user_id=7, repo_name="internal", status=Status.public),
        Resume(id=50, user_id=9, vacancy=""),
        Note(id=60, name="orphan", user_id=31),
        Note(id=61, name="dated", user_id=1),
    ],
    """
    DELETE FROM users WHERE id = 31;
    UPDATE repositories SET status = 'internal' WHERE id = 43;
    UPDATE notes SET created_at = 'yesterday' WHERE id = 61
    """,
)
