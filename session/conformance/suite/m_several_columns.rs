//! Relations by foreign keys of several columns, and many rows by keys of several columns (122, 124).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::relation::{Tree, children, parent, through};
use diesel_session::{Handle, Result};

use super::blog::selects;
use super::domain::*;
use super::graphs::*;

/// The condition that two columns have one of some values.
fn among(library: &Library, columns: &str, values: usize) -> String {
    let values = vec!["(?, ?)"; values].join(", ");
    if library.engine().lists_rows() {
        format!("({columns}) IN (SELECT * FROM (VALUES {values}) AS v)")
    } else {
        format!("({columns}) IN ({values})")
    }
}

/// Two orders: the first has the lines 1 and 2, the second the line 1. Line 1 of the first has two parcels, that of the
/// second has one.
fn lines(session: &mut Session<'_>) -> Result<[Handle<Line>; 3]> {
    let [ann, ben] = [session.add(NewOrder::new("Ann")?), session.add(NewOrder::new("Ben")?)];
    session.flush()?;
    let tea = session.add(NewLine::new(ann, 1, "tea")?);
    let lines = [tea, session.add(NewLine::new(ann, 2, "cake")?), session.add(NewLine::new(ben, 1, "milk")?)];
    for (line, weight) in [(lines[0], 300), (lines[2], 200), (lines[0], 100)] {
        session.add(NewParcel::new(line, weight)?);
    }
    session.flush()?;
    Ok(lines)
}

/// The weights of each line's parcels.
fn weights(session: &Session<'_>, groups: &[Vec<Handle<Parcel>>]) -> Vec<Vec<i64>> {
    let weight = |parcel: &Handle<Parcel>| session.row(*parcel).unwrap().weight;
    groups.iter().map(|group| group.iter().map(weight).collect()).collect()
}

pub fn b124_children_by_several_columns_are_one_select_and_those_of_half_a_key_are_left_out() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let [tea, cake, milk] = lines(&mut session)?;
    let late = session.add(NewParcel::new(cake, 500)?);
    recorder.take();
    let parcels = session.children((parcels::order_id, parcels::line_no), &[milk, tea, cake, tea])?;
    assert_eq!(weights(&session, &parcels), [vec![200], vec![300, 100], vec![500], vec![300, 100]]);
    assert_eq!(parcels[2], [late]);
    let found = among(&library, "order_id, line_no", 3);
    assert_eq!(selects(&recorder), [format!("SELECT id, order_id, line_no, weight FROM parcels WHERE {found}")]);
    let parcels = session.children((parcels::order_id, parcels::line_no), &[cake])?;
    assert_eq!(parcels, [[late]]);
    let equal = "SELECT id, order_id, line_no, weight FROM parcels WHERE order_id = ? AND line_no = ?";
    assert_eq!(recorder.sql(), [equal]);
    Ok(())
}

pub fn b124_parents_by_several_columns_are_found_in_the_session_or_by_one_select() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let [tea, _, milk] = lines(&mut session)?;
    let order = session.row(tea)?.order_id;
    let whole = session.add(NewRemark { line_no: tea.into(), ..NewRemark::new(order, "hot")? });
    let half = session.add(NewRemark::new(order, "late")?);
    let remarks = [half, whole];
    session.flush()?;
    recorder.take();
    assert_eq!(session.parents((remarks::order_id, remarks::line_no), &remarks)?, [None, Some(tea)]);
    assert!(recorder.sql().is_empty(), "the line is in the session");
    session.commit()?;
    session.clear()?;
    let parcels = session.query(Parcel::query().order(parcels::id)).all()?;
    recorder.take();
    let found = session.parents((parcels::order_id, parcels::line_no), &parcels)?;
    let sql =
        format!("SELECT order_id, line_no, item FROM order_lines WHERE {}", among(&library, "order_id, line_no", 2));
    assert_eq!(recorder.sql(), [sql]);
    assert!(found[0].is_some() && found[0] == found[2] && found[0] != found[1]);
    let items = found.iter().map(|line| session.row(line.unwrap()).unwrap().item.as_str());
    assert_eq!(items.collect::<Vec<_>>(), ["tea", "milk", "tea"]);
    assert_eq!(session.state(milk)?, diesel_session::State::Gone);
    Ok(())
}

pub fn b124_the_columns_of_a_foreign_key_may_have_another_order_than_the_key() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    let [tea, _, milk] = lines(&mut session)?;
    let tag = session.add(NewTag::new("hot")?);
    let links = [session.add(NewLineTag::new(milk, tag)?), session.add(NewLineTag::new(tea, tag)?)];
    session.flush()?;
    recorder.take();
    let lines = session.parents((line_tags::line_no, line_tags::order_id), &links)?;
    assert_eq!(lines, [Some(milk), Some(tea)]);
    assert!(recorder.sql().is_empty(), "the lines are in the session");
    let found = session.children((line_tags::line_no, line_tags::order_id), &[tea, milk])?;
    assert_eq!(found, [[links[1]], [links[0]]]);
    Ok(())
}

pub fn b124_children_are_filtered_ordered_and_limited_for_each_parent() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let all = lines(&mut session)?;
    recorder.take();
    let lightest = children((parcels::order_id, parcels::line_no)).order(parcels::weight).limit(1);
    let lightest = session.load_related(&all, lightest.filter(parcels::weight.lt(1_000)))?;
    assert_eq!(weights(&session, &lightest), [vec![100], vec![], vec![200]]);
    let found = among(&library, "parcels.order_id, parcels.line_no", 3);
    let bare = "id, order_id, line_no, weight";
    let columns = "parcels.id, parcels.order_id, parcels.line_no, parcels.weight";
    assert_eq!(
        recorder.sql(),
        [format!(
            "SELECT {bare} FROM (SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY parcels.order_id, parcels.line_no \
             ORDER BY parcels.weight, parcels.id) AS __position FROM parcels WHERE {found} \
             AND ((parcels.weight < ?))) AS t WHERE __position <= ? ORDER BY __position"
        )]
    );
    Ok(())
}

pub fn b124_relations_of_several_columns_load_others_with_them_and_are_loaded_with_others() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    let [tea, cake, _] = lines(&mut session)?;
    let order = session.parents(order_lines::order_id, &[tea])?[0].unwrap();
    recorder.take();
    let parcels = children((parcels::order_id, parcels::line_no))
        .order(parcels::weight)
        .with(parent((parcels::order_id, parcels::line_no)));
    let loaded = session.load_related(&[order], children(order_lines::order_id).with(parcels))?;
    assert_eq!(recorder.sql().len(), 2, "the lines are in the session when the parcels need them");
    let [(first, parcels), (second, none)] = &loaded[0][..] else { panic!("{loaded:?}") };
    assert_eq!((*first, *second, none.len()), (tea, cake, 0));
    let above: Vec<_> = parcels.iter().map(|(parcel, line)| (session.row(*parcel).unwrap().weight, *line)).collect();
    assert_eq!(above, [(100, Some(tea)), (300, Some(tea))]);
    Ok(())
}

pub fn b124_links_may_lead_to_and_from_keys_of_several_columns_and_their_filters_apply() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let all = lines(&mut session)?;
    let [hot, cold] = ["hot", "cold"].map(|name| session.add(NewTag::new(name).unwrap()));
    for (line, tag, removed) in
        [(all[0], hot, None), (all[0], cold, Some(1)), (all[2], hot, None), (all[2], cold, None)]
    {
        session.add(NewLineTag { removed, ..NewLineTag::new(line, tag)? });
    }
    session.flush()?;
    session.load(&[hot, cold])?;
    recorder.take();
    let tags = session.through((line_tags::line_no, line_tags::order_id), line_tags::tag_name, &all)?;
    assert_eq!(tags, [vec![hot], vec![], vec![cold, hot]]);
    let found = among(&library, "line_tags.line_no, line_tags.order_id", 3);
    assert_eq!(
        recorder.sql(),
        [format!(
            "SELECT tags.name, tags.colour, line_tags.line_no, line_tags.order_id FROM line_tags INNER JOIN tags \
             ON tags.name = line_tags.tag_name WHERE {found} AND (line_tags.removed IS NULL)"
        )]
    );
    let all_tags = session.without_filters(|session| -> Result<_> {
        session.through((line_tags::line_no, line_tags::order_id), line_tags::tag_name, &all[..1])
    })?;
    assert_eq!(all_tags, [[cold, hot]]);
    let tagged = session.through(line_tags::tag_name, (line_tags::line_no, line_tags::order_id), &[cold, hot])?;
    assert_eq!(tagged, [vec![all[2]], vec![all[0], all[2]]]);
    let links = session.children((line_tags::line_no, line_tags::order_id), &all[..1])?;
    assert_eq!(links[0].len(), 1, "a removed link is not a child");
    recorder.take();
    let one = through((line_tags::line_no, line_tags::order_id), line_tags::tag_name)
        .filter(tags::name.ne("cool"))
        .order((line_tags::order_id, tags::name.desc()))
        .limit(1);
    assert_eq!(session.load_related(&all, one)?, [vec![hot], vec![], vec![hot]]);
    assert_eq!(
        recorder.sql(),
        [format!(
            "SELECT name, colour, __link, __link2 FROM (SELECT tags.name, tags.colour, line_tags.line_no AS __link, \
             line_tags.order_id AS __link2, ROW_NUMBER() OVER (PARTITION BY line_tags.line_no, line_tags.order_id \
             ORDER BY line_tags.order_id, tags.name DESC, tags.name) AS __position FROM line_tags INNER JOIN tags \
             ON tags.name = line_tags.tag_name WHERE {found} AND (line_tags.removed IS NULL) AND ((tags.name != ?))) \
             AS t WHERE __position <= ? ORDER BY __position"
        )]
    );
    Ok(())
}

pub fn b124_a_tree_by_several_columns_stays_within_its_part_of_the_key() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let mut stage = |plan, number, after: Option<i64>| -> Result<Handle<Stage>> {
        Ok(session.add(NewStage { after: after.into(), ..NewStage::new(plan, number)? }))
    };
    let tops = [stage(1, 1, None)?, stage(2, 1, None)?];
    for (plan, number, after) in [(1, 2, 1), (1, 3, 2), (1, 4, 2), (2, 2, 1)] {
        stage(plan, number, Some(after))?;
    }
    let trees = session.load_related(&tops, children((stages::plan, stages::after)).recursive())?;
    let walk = |trees: &[Tree<Handle<Stage>>]| -> Vec<(usize, (i64, i64))> {
        trees.iter().flat_map(Tree::walk).map(|(depth, row)| (depth, session.key(*row).unwrap())).collect()
    };
    assert_eq!(walk(&trees[0]), [(0, (1, 2)), (1, (1, 3)), (1, (1, 4))]);
    assert_eq!(walk(&trees[1]), [(0, (2, 2))]);
    Ok(())
}

pub fn b124_many_parents_are_one_select_for_every_hundred() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    session.flush()?;
    let lines: Vec<Handle<Line>> =
        (0..250).map(|number| Ok(session.add(NewLine::new(order, number, "tea")?))).collect::<Result<_>>()?;
    for line in &lines {
        session.add(NewParcel::new(*line, 1)?);
    }
    session.flush()?;
    recorder.take();
    let parcels = session.children((parcels::order_id, parcels::line_no), &lines)?;
    assert_eq!(selects(&recorder).len(), 3);
    for (number, group) in (0..).zip(&parcels) {
        assert_eq!(group.iter().map(|row| session.row(*row).unwrap().line_no).collect::<Vec<_>>(), [number]);
    }
    let parcels: Vec<Handle<Parcel>> = parcels.concat();
    session.commit()?;
    session.expire_all();
    recorder.take();
    let found = session.parents((parcels::order_id, parcels::line_no), &parcels)?;
    assert_eq!(found, lines.iter().copied().map(Some).collect::<Vec<_>>());
    Ok(())
}

pub fn b122_many_keys_of_several_columns_keep_their_order_and_are_found_under_their_new_values() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    session.flush()?;
    let key = session.key(order)?;
    let lines: Vec<Handle<Line>> =
        (0..120).map(|number| Ok(session.add(NewLine::new(key, number, "tea")?))).collect::<Result<_>>()?;
    session.flush()?;
    session.edit(lines[7])?.line_no = 1_007;
    session.forget(lines[3])?;
    session.expire(lines[4])?;
    recorder.take();
    let keys = [(key, 5), (key, 1_007), (key, 7), (key + 1, 5), (key, 3), (key, 4), (key, 5)];
    let found = session.get_many::<Line>(&keys)?;
    let expected = [Some(lines[5]), Some(lines[7]), None, None, found[4], Some(lines[4]), Some(lines[5])];
    assert_eq!(found, expected);
    assert_eq!(session.key(found[4].unwrap())?, (key, 3));
    let three =
        format!("SELECT order_id, line_no, item FROM order_lines WHERE {}", among(&library, "order_id, line_no", 3));
    assert_eq!(steps(recorder.sql()), ["UPDATE order_lines", "SELECT order_id,", "SELECT order_id,"], "{three}");
    session.commit()?;
    session.clear()?;
    recorder.take();
    let keys: Vec<(i64, i64)> = (0..120).rev().map(|number| (key, number)).collect();
    let found = session.get_many::<Line>(&keys)?;
    assert_eq!(selects(&recorder).len(), 2);
    for (key, line) in keys.iter().zip(&found) {
        assert_eq!(line.map(|line| session.key(line).unwrap()), (key.1 != 7).then_some(*key));
    }
    Ok(())
}
