// @generated automatically by Diesel CLI.
//! Folio's tables, as the migrations make them: `diesel print-schema` with `schema.patch` applied.
//!
//! What a column means stands beside it in `migrations/`.
#![allow(missing_docs, reason = "Diesel prints no docs for SQLite's columns but their names again")]

diesel::table! {
    note_repositories (note_id, repository_id) {
        note_id -> BigInt,
        repository_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    note_tags (note_id, tag) {
        note_id -> BigInt,
        tag -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    notes (id) {
        id -> BigInt,
        name -> Text,
        body -> Text,
        user_id -> BigInt,
        repository_id -> Nullable<BigInt>,
        source -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    repositories (id) {
        id -> BigInt,
        user_id -> BigInt,
        repo_id -> Nullable<BigInt>,
        repo_name -> Text,
        status -> crate::types::sql_types::RepositoryStatus,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        visibility -> Nullable<Text>,
        description -> Nullable<Text>,
        language -> Nullable<Text>,
        topics -> Nullable<Text>,
        stars -> Nullable<BigInt>,
        forks -> Nullable<BigInt>,
        archived -> Nullable<Bool>,
        fork -> Nullable<Bool>,
        url -> Nullable<Text>,
        pushed_at -> Nullable<Timestamp>,
        repo_created_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    resumes (id) {
        id -> BigInt,
        user_id -> BigInt,
        vacancy -> Text,
        body -> Text,
        source -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        user_id -> BigInt,
        username -> Text,
        email -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        name -> Nullable<Text>,
        kind -> Nullable<Text>,
        url -> Nullable<Text>,
        company -> Nullable<Text>,
        location -> Nullable<Text>,
    }
}

diesel::joinable!(note_repositories -> notes (note_id));
diesel::joinable!(note_repositories -> repositories (repository_id));
diesel::joinable!(note_tags -> notes (note_id));
diesel::joinable!(notes -> repositories (repository_id));
diesel::joinable!(notes -> users (user_id));
diesel::joinable!(resumes -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(note_repositories, note_tags, notes, repositories, resumes, users,);
