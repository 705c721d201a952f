//! The schemes of a database's URL.

#[derive(Clone, Copy)]
pub(super) enum Scheme {
    Sqlite,
    File,
    Postgres,
    Mysql,
}

impl Scheme {
    pub(super) fn named(name: &str) -> Option<Self> {
        match &*name.to_ascii_lowercase() {
            "sqlite" => Some(Self::Sqlite),
            "file" => Some(Self::File),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::Mysql),
            _ => None,
        }
    }
}
