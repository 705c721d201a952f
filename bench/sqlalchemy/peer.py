"""SQLAlchemy's ORM, by its documentation's best way for each case: `peer.py CASE PLACE URL ROWS`.

The same tables, cases, proofs, output and exit codes as the program in ../rust.
"""

import datetime
import json
import sys
import time
from pathlib import Path

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, String, create_engine, event, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

SQL = Path(__file__).resolve().parent.parent / "sql"
CREATED_AT = datetime.datetime(2026, 1, 1)
# SQLite counts a column's key only if it is declared INTEGER.
KEY = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(KEY, primary_key=True)
    login: Mapped[str] = mapped_column(String(256))
    email: Mapped[str | None] = mapped_column(String(256))
    stars: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime)
    # Otherwise a deleted user's repositories and notes would be loaded first.
    repositories: Mapped[list["Repository"]] = relationship(passive_deletes="all")
    notes: Mapped[list["Note"]] = relationship(passive_deletes="all")


class Repository(Base):
    __tablename__ = "repositories"
    id: Mapped[int] = mapped_column(KEY, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(256))


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(KEY, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    body: Mapped[str] = mapped_column(String(65535))


def values(number):
    email = f"user{number}@example.org" if number % 2 == 0 else None
    return {"login": f"user{number}", "email": email, "stars": number % 100, "created_at": CREATED_AT}


def opened(place, url):
    if place in ("memory", "file"):
        engine = create_engine("sqlite://" if place == "memory" else f"sqlite:///{url}")

        @event.listens_for(engine, "connect")
        def settings(connection, _):
            for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL"):
                connection.execute(f"PRAGMA {pragma}")

        return engine
    driver = {"postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}[place]
    return create_engine(driver + "://" + url.split("://", 1)[1])


def run_script(engine, script):
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                # The servers' drivers take a % for a parameter's place.
                doubled = statement if engine.dialect.name == "sqlite" else statement.replace("%", "%%")
                connection.exec_driver_sql(doubled)


def insert_users(session, rows):
    users = [User(**values(number)) for number in range(1, rows + 1)]
    session.add_all(users)
    session.flush()
    return sum(1 for user in users if user.id)


def change(session, users):
    for user in users:
        user.stars = user.id + 1000
    session.commit()
    return len(users)


def remove(session, users):
    for user in users:
        session.delete(user)
    session.commit()
    return len(users)


def graph(engine, rows):
    with Session(engine) as session, session.begin():
        for number in range(1, rows + 1):
            user = User(**values(number))
            user.repositories = [Repository(name=f"repository{number}") for number in range(3)]
            user.notes = [Note(body=f"note number {number}") for number in range(2)]
            session.add(user)
    return 6 * rows


def add_one(engine, rows):
    for number in range(1, rows + 1):
        with Session(engine) as session, session.begin():
            session.add(User(**values(number)))
    return rows


def read_one(engine, rows):
    seen = 0
    for number in range(1, rows + 1):
        with Session(engine) as session, session.begin():
            seen += session.get(User, number) is not None
    return seen


def get(session, rows):
    return sum(session.get(User, number) is not None for number in range(1, rows + 1))


def bulk(session, rows):
    session.execute(insert(User), [values(number) for number in range(1, rows + 1)])
    return rows


def in_session(work):
    def unit(engine, rows):
        with Session(engine) as session, session.begin():
            return work(session, rows)

    return unit


def load(session, _):
    return len(session.scalars(select(User)).all())


CASES = {
    "insert": in_session(insert_users),
    "bulk": in_session(bulk),
    "load": in_session(load),
    "get": in_session(get),
    "graph": graph,
    "add-one": add_one,
    "read-one": read_one,
}
LOADED = {"update": change, "delete": remove}
PROOFS = {
    "update": "SELECT count(*) FROM users WHERE stars = id + 1000",
    "graph": "SELECT count(*) FROM users JOIN repositories ON repositories.user_id = users.id "
    "JOIN notes ON notes.user_id = users.id",
}


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    seen = work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "allocations": None}, seen


def round_of(case, place, url, rows):
    engine = opened(place, url)
    dialect = engine.dialect.name.replace("postgresql", "postgres")
    scripts = [(SQL / f"{dialect}.create.sql").read_text()]
    if case in LOADED or case in ("load", "get", "read-one"):
        scripts.append((SQL / f"{dialect}.fill.sql").read_text().replace("{rows}", str(rows)))
    for script in scripts:
        run_script(engine, script)
    if case in LOADED:
        with Session(engine) as session:
            users = session.scalars(select(User)).all()
            measured, seen = timed(lambda: LOADED[case](session, users))
    else:
        measured, seen = timed(lambda: CASES[case](engine, rows))
    with engine.connect() as connection:
        found = connection.scalar(text(PROOFS.get(case, "SELECT count(*) FROM users")))
    expected = {"graph": 6 * rows, "delete": 0}.get(case, rows)
    if seen != (6 * rows if case == "graph" else rows) or found != expected:
        raise SystemExit(f"{case}: {seen} rows in hand, {found} found instead of {expected}")
    engine.dispose()
    return measured


def main():
    case, place, url, rows = sys.argv[1:]
    for _ in range(2):
        measured = round_of(case, place, url, int(rows))
    print(json.dumps(measured))


main()
