//! Named filters (167–173): where they apply, the values that they need, and how they are switched off.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, HasQuery as _, JoinOnDsl as _, NullableExpressionMethods as _,
    QueryDsl as _,
};
use diesel_session::{Error, Handle, Result};

use super::domain::*;
use super::offices::*;

/// The condition that Diesel's statements get.
const LIVE_OF_ORG: &str = "(papers.deleted_at IS NULL AND papers.org = ?)";

/// The keys of these papers, in their order.
fn keys(session: &Session<'_>, papers: &[Handle<Paper>]) -> Vec<i64> {
    papers.iter().filter_map(|paper| session.key(*paper).ok()).collect()
}

/// Everything that was sent, without BEGIN and the columns of papers.
fn sent(recorder: &Recorder) -> Vec<String> {
    let qualified = COLUMNS.split(", ").map(|column| format!("papers.{column}")).collect::<Vec<_>>().join(", ");
    let short = |sql: String| sql.replace(&qualified, "…").replace(COLUMNS, "…");
    recorder.sql().into_iter().filter(|sql| !sql.starts_with("BEGIN")).map(short).collect()
}

pub fn b167_get_finds_only_rows_that_meet_the_filters() -> Result<()> {
    let (_library, mut session, recorder) = office();
    assert!(session.get::<Paper>(HOUSE)?.is_some());
    assert_eq!(sent(&recorder), ["SELECT … FROM papers WHERE id = ? AND deleted_at IS NULL AND org = ?"]);
    for excluded in [SHED, TOWN] {
        assert_eq!(session.get::<Paper>(excluded)?, None);
        assert!(session.get_one::<Paper>(excluded).unwrap_err().is_not_found());
        assert_eq!(session.get_for_update::<Paper>(excluded)?, None);
    }
    assert!(session.get_for_update::<Paper>(HOUSE)?.is_some());
    Ok(())
}

pub fn b167_conditions_compare_constants_and_are_joined_by_and() -> Result<()> {
    let (_library, mut session, recorder) = office();
    assert!(session.get::<Label>(701)?.is_some());
    let select =
        "SELECT code, hidden, kind FROM labels WHERE code = ? AND hidden = ? AND kind <> ? AND kind IS NOT NULL";
    assert_eq!(recorder.sql().last().map(String::as_str), Some(select));
    assert_eq!(session.get::<Label>(702)?, None);
    assert_eq!(session.get::<Label>(703)?, None);
    Ok(())
}

pub fn b167_a_query_has_the_filters_beside_its_own_conditions() -> Result<()> {
    let (_library, mut session, recorder) = office();
    let found = session.query(Paper::query().order(papers::id)).all()?;
    assert_eq!(keys(&session, &found), [HOUSE, LOST]);
    assert_eq!(sent(&recorder), [format!("SELECT … FROM papers WHERE {LIVE_OF_ORG} ORDER BY papers.id")]);
    let either = Paper::query().filter(papers::slug.eq("house")).or_filter(papers::slug.eq("town"));
    let found = session.query(either).all()?;
    assert_eq!(keys(&session, &found), [HOUSE]);
    let or = "(papers.slug = ?) OR (papers.slug = ?)";
    assert_eq!(sent(&recorder), [format!("SELECT … FROM papers WHERE (({or}) AND {LIVE_OF_ORG})")]);
    let boxed = session.query(Paper::query().order(papers::id.desc()).limit(1).into_boxed()).all()?;
    assert_eq!(keys(&session, &boxed), [LOST], "the filters come before the LIMIT");
    Ok(())
}

pub fn b167_everything_that_runs_a_query_is_filtered() -> Result<()> {
    let (_library, mut session, recorder) = office();
    assert_eq!(session.query(Paper::query()).count()?, 2);
    let count = format!("SELECT COUNT(*) FROM (SELECT … FROM papers WHERE {LIVE_OF_ORG}) AS t");
    assert_eq!(sent(&recorder), [count]);
    assert!(!session.query(Paper::query().filter(papers::id.eq(TOWN))).exists()?);
    assert!(session.query(Paper::query().filter(papers::id.eq(SHED))).first()?.is_none());
    assert!(session.query(Paper::query().filter(papers::id.eq(SHED))).one_or_none()?.is_none());
    assert!(session.query(Paper::query().filter(papers::id.eq(SHED))).one().unwrap_err().is_not_found());
    assert!(session.query(Paper::query().order(papers::id)).nth(2)?.is_none());
    assert_eq!(session.query(Paper::query().order(papers::id)).range(0..9)?.len(), 2);
    assert_eq!(session.query(Paper::query()).for_update().all()?.len(), 2);
    let mut pages = session.query(Paper::query()).batches(1);
    let mut ids = Vec::new();
    while let Some(page) = pages.next_rows(&mut session)? {
        ids.extend(page.into_iter().map(|paper| paper.id));
    }
    assert_eq!(ids, [HOUSE, LOST]);
    recorder.take();
    let all = session.every::<Paper>(9).next_rows(&mut session)?.unwrap_or_default();
    assert_eq!(all.iter().map(|paper| paper.id).collect::<Vec<_>>(), [HOUSE, LOST]);
    let every = "SELECT … FROM (SELECT … FROM papers WHERE deleted_at IS NULL AND org = ?) AS t ORDER BY id LIMIT ?";
    assert_eq!(sent(&recorder), [every]);
    Ok(())
}

pub fn b167_a_join_is_filtered_by_the_entity_that_it_returns() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let joined = || Paper::query().inner_join(folders::table).order(papers::id);
    let found = session.query(joined()).all()?;
    assert_eq!(keys(&session, &found), [HOUSE, LOST], "the folder of one is of the other organisation");
    let of_org = session.filter_expression::<Folder>()?;
    let found = session.query(joined().filter(of_org)).all()?;
    assert_eq!(keys(&session, &found), [HOUSE]);
    let of_org = session.filter_expression::<Folder>()?;
    let on = papers::folder_id.eq(folders::id.nullable()).and(of_org);
    let left = Paper::query().left_join(folders::table.on(on)).filter(folders::id.nullable().is_null());
    let found = session.query(left).all()?;
    assert_eq!(keys(&session, &found), [LOST]);
    Ok(())
}

pub fn b167_the_condition_can_be_added_to_any_query_of_diesel_s() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let filter = session.filter_expression::<Paper>()?;
    let slugs: Vec<String> = session.rows(papers::table.filter(filter).select(papers::slug).order(papers::slug))?;
    assert_eq!(slugs, ["house", "lost"]);
    let filter = session.filter_expression::<Paper>()?;
    let others: i64 = session.rows(papers::table.filter(diesel::dsl::not(filter)).count())?[0];
    assert_eq!(others, 3);
    Ok(())
}

pub fn b168_a_row_in_the_session_that_a_filter_excludes_is_not_given() -> Result<()> {
    let (_library, mut session, recorder) = office();
    let shed = session.without_filters(|session| session.get_one::<Paper>(SHED))?;
    recorder.take();
    assert_eq!(session.get::<Paper>(SHED)?, None);
    assert!(recorder.sql().is_empty(), "its value in the session shows it");
    assert_eq!(session.view(shed)?.slug, "shed", "a handle keeps to its row");
    session.edit(shed)?.deleted_at = None;
    assert_eq!(session.get::<Paper>(SHED)?, Some(shed));
    let house = session.get_one::<Paper>(HOUSE)?;
    session.edit(house)?.org = 2;
    assert_eq!(session.get::<Paper>(HOUSE)?, None);
    session.set_filter_value(Org(2));
    assert_eq!(session.get::<Paper>(HOUSE)?, Some(house));
    assert_eq!(session.get::<Paper>(SHED)?, None);
    Ok(())
}

pub fn b168_an_expired_row_is_read_by_its_key_and_then_judged() -> Result<()> {
    let (library, mut session, recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    session.commit()?;
    library.elsewhere("UPDATE papers SET deleted_at = 9 WHERE id = 601");
    recorder.take();
    assert_eq!(session.get::<Paper>(HOUSE)?, None);
    assert_eq!(sent(&recorder), ["SELECT … FROM papers WHERE id = ?"]);
    assert_eq!(session.view(house)?.deleted_at, Some(9));
    session.rollback()?;
    library.elsewhere("UPDATE papers SET deleted_at = NULL WHERE id = 601");
    assert_eq!(session.get::<Paper>(HOUSE)?, Some(house));
    Ok(())
}

pub fn b168_a_row_that_is_locked_and_excluded_is_not_taken_for_deleted() -> Result<()> {
    let (library, mut session, _recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    session.commit()?;
    library.elsewhere("UPDATE papers SET deleted_at = 9 WHERE id = 601");
    assert_eq!(session.get_for_update::<Paper>(HOUSE)?, None);
    assert_eq!(session.get::<Paper>(HOUSE)?, None);
    assert_eq!(session.view(house)?.deleted_at, Some(9));
    session.rollback()?;
    library.elsewhere("DELETE FROM papers WHERE id = 601");
    assert_eq!(session.get_for_update::<Paper>(HOUSE)?, None);
    assert!(session.view(house).unwrap_err().is_deleted());
    Ok(())
}

pub fn b169_a_filter_without_its_value_is_an_error_that_names_it() -> Result<()> {
    let library = furnished();
    let (mut session, recorder) = (library.session(), Recorder::start());
    let plans = session.without_filter(Folder::TENANT, |session| session.get_one::<Folder>(PLANS))?;
    recorder.take();
    let errors = [
        session.get::<Paper>(HOUSE).unwrap_err(),
        session.get_for_update::<Paper>(HOUSE).unwrap_err(),
        session.query(Paper::query()).all().unwrap_err(),
        session.query(Paper::query()).count().unwrap_err(),
        session.query(Paper::query()).exists().unwrap_err(),
        session.query(Paper::query()).for_update().first().unwrap_err(),
        session.query(Paper::query()).batches(9).next(&mut session).unwrap_err(),
        session.every::<Paper>(9).next_rows(&mut session).unwrap_err(),
        session.children(papers::folder_id, &[plans]).unwrap_err(),
        session.execute(diesel::delete(papers::table)).unwrap_err(),
        session.filter_expression::<Paper>().unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::FilterValue { table: "papers", filter: "tenant", .. }), "{error}");
        let needs = "papers: the filter 'tenant' needs a value of type diesel_session_conformance::filtered::Org";
        assert!(error.to_string().starts_with(needs), "{error}");
    }
    assert!(recorder.sql().is_empty());
    session.set_filter_value(1_i64);
    assert!(session.get::<Paper>(HOUSE).is_err(), "a value of another type is not the one");
    session.set_filter_value(Org(1));
    assert!(session.get::<Paper>(HOUSE)?.is_some());
    Ok(())
}

pub fn b170_a_filter_is_switched_off_by_its_name_for_a_part_of_a_unit() -> Result<()> {
    let (_library, mut session, recorder) = office();
    let found = session.without_filter(Paper::LIVE, |session| session.query(Paper::query().order(papers::id)).all())?;
    assert_eq!(keys(&session, &found), [HOUSE, SHED, LOST]);
    assert_eq!(sent(&recorder), ["SELECT … FROM papers WHERE (papers.org = ?) ORDER BY papers.id"]);
    let all = |session: &mut Session<'_>| session.query(Paper::query()).count();
    assert_eq!(session.without_filters(all)?, 5);
    assert_eq!(sent(&recorder), ["SELECT COUNT(*) FROM (SELECT … FROM papers WHERE (1 = 1)) AS t"]);
    let both = session.without_filter(Paper::TENANT, |session| session.without_filter(Paper::LIVE, all))?;
    assert_eq!(both, 5);
    assert_eq!(session.without_filter(Folder::TENANT, all)?, 2, "a filter of that name of another entity stays");
    assert_eq!(all(&mut session)?, 2);
    Ok(())
}

pub fn b170_filters_are_on_again_after_an_error_and_a_panic() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let failed = session.without_filters(|_| Err::<(), _>(Error::ReadOnlySession));
    assert!(failed.is_err());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        session.without_filter(Paper::LIVE, |_| -> Result<()> { std::panic::panic_any("on purpose") })
    }));
    assert!(panicked.is_err());
    assert_eq!(session.get::<Paper>(SHED)?, None);
    session.without_filters(|session| -> Result<()> {
        session.set_filter_value(Org(2));
        Ok(())
    })?;
    assert!(session.get::<Paper>(TOWN)?.is_some(), "a value that was given inside stays");
    Ok(())
}

pub fn b171_children_and_parents_are_filtered() -> Result<()> {
    let (_library, mut session, recorder) = office();
    let plans = session.get_one::<Folder>(PLANS)?;
    recorder.take();
    let children = session.children(papers::folder_id, &[plans])?;
    assert_eq!(keys(&session, &children[0]), [HOUSE]);
    assert_eq!(sent(&recorder), ["SELECT … FROM papers WHERE folder_id IN (?) AND deleted_at IS NULL AND org = ?"]);
    let lost = session.get_one::<Paper>(LOST)?;
    let parents = session.parents(papers::folder_id, &[children[0][0], lost])?;
    assert_eq!(parents, [Some(plans), None], "the other folder is of the other organisation");
    Ok(())
}

pub fn b171_relations_with_conditions_links_and_many_keys_are_filtered() -> Result<()> {
    let (_library, mut session, recorder) = office();
    let plans = session.get_one::<Folder>(PLANS)?;
    recorder.take();
    let newest = diesel_session::relation::children(papers::folder_id).order(papers::id.desc()).limit(3);
    let found = session.load_related(&[plans], newest)?;
    assert_eq!(keys(&session, &found[0]), [HOUSE]);
    let sql = recorder.sql().remove(0);
    let condition = "papers.folder_id IN (?) AND (papers.deleted_at IS NULL AND papers.org = ?)) AS t WHERE";
    assert!(sql.contains(condition), "{sql}");
    // Three papers lead from the folder to itself; one of them is deleted, and one is of the other organisation.
    assert_eq!(session.through(papers::folder_id, papers::folder_id, &[plans])?, [[plans]]);
    let everything = session.without_filters(|session| session.through(papers::folder_id, papers::folder_id, &[plans]));
    assert_eq!(everything?, [[plans; 3]]);
    let papers = session.get_many::<Paper>(&[SHED, TOWN, HOUSE])?;
    assert_eq!(papers, [None, None, Some(found[0][0])]);
    Ok(())
}

pub fn b171_a_parent_in_the_session_that_a_filter_excludes_is_none() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let maps = session.without_filters(|session| session.get_one::<Folder>(MAPS))?;
    let lost = session.get_one::<Paper>(LOST)?;
    assert_eq!(session.parents(papers::folder_id, &[lost])?, [None]);
    assert_eq!(session.without_filters(|session| session.parents(papers::folder_id, &[lost]))?, [Some(maps)]);
    Ok(())
}

pub fn b172_statements_change_only_rows_that_meet_the_filters() -> Result<()> {
    let (library, mut session, recorder) = office();
    let changed = session.execute(diesel::update(papers::table).set(papers::slug.eq("x")));
    assert!(changed.unwrap_err().is_unique(), "two rows met the filters");
    session.rollback()?;
    recorder.take();
    let house = || papers::table.filter(papers::slug.eq("house"));
    assert_eq!(session.execute(diesel::update(house()).set(papers::slug.eq("home")))?, 1);
    let town = papers::table.filter(papers::slug.eq("town"));
    assert_eq!(session.execute_unsynchronized(diesel::update(town).set(papers::slug.eq("city")))?, 0);
    let update = format!("UPDATE papers SET slug = ? WHERE ((papers.slug = ?) AND {LIVE_OF_ORG})");
    assert_eq!(sent(&recorder), [update.clone(), update]);
    assert_eq!(session.execute(diesel::delete(papers::table))?, 2);
    assert_eq!(sent(&recorder), [format!("DELETE FROM papers WHERE {LIVE_OF_ORG}")]);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM papers"), "3");
    Ok(())
}

pub fn b172_an_insert_is_sent_as_it_is() -> Result<()> {
    let (_library, mut session, recorder) = office();
    let new = (folders::org.eq(2), folders::name.eq("new"));
    assert_eq!(session.execute(diesel::insert_into(folders::table).values(new))?, 1);
    assert_eq!(sent(&recorder), ["INSERT INTO folders (org, name) VALUES (?, ?)"]);
    assert_eq!(session.query(Folder::query().filter(folders::name.eq("new"))).count()?, 0);
    Ok(())
}

pub fn b173_a_detached_row_that_a_filter_excludes_counts_as_gone() -> Result<()> {
    let (library, mut session, recorder) = office();
    let mut every: Vec<Paper> = session.rows(Paper::query().filter(papers::id.eq(TOWN)))?;
    let town = every.remove(0);
    // The value names another organisation; only the stored row counts.
    let forged = Paper { org: 1, slug: "mine".into(), ..town.clone() };
    recorder.take();
    assert!(session.attach(forged.clone()).unwrap_err().is_stale());
    assert_eq!(sent(&recorder), ["SELECT … FROM papers WHERE id = ? AND deleted_at IS NULL AND org = ?"]);
    assert!(session.attach_edited(forged.clone(), &town).unwrap_err().is_stale());
    assert!(session.delete(&forged).unwrap_err().is_stale());
    assert!(session.hard_delete(&forged).unwrap_err().is_stale());
    let folder = Folder { id: MAPS, org: 1, name: "maps".into() };
    assert!(session.delete(&folder).unwrap_err().is_stale(), "also where deletion is not soft");
    let label = Label { code: 703, hidden: false, kind: "red".into() };
    session.merge(&label)?;
    assert!(session.flush().unwrap_err().is_unique(), "it is added, and its key is taken");
    session.rollback()?;
    assert_eq!(library.see("SELECT slug FROM papers WHERE id = 603"), "town");
    Ok(())
}

pub fn b173_a_detached_row_that_meets_the_filters_is_deleted() -> Result<()> {
    let (library, mut session, recorder) = office();
    let plans = Folder { id: PLANS, org: 1, name: "plans".into() };
    library.elsewhere("UPDATE papers SET folder_id = NULL");
    session.delete(&plans)?;
    session.flush()?;
    let sent = sent(&recorder);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(sent[1], "DELETE FROM folders WHERE id = ?");
    Ok(())
}
