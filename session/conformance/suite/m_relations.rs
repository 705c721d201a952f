//! Related rows: filtered, ordered and limited for each parent, through links, at several levels, and as trees
//! (117–120).

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::relation::{Tree, children, parent, through};
use diesel_session::{Handle, Result, State};

use super::blog::*;
use super::domain::*;

const COLUMNS: &str = "comments.id, comments.post_id, comments.writer_id, comments.parent_id, comments.hidden, \
                       comments.score, comments.body";
const BARE: &str = "id, post_id, writer_id, parent_id, hidden, score, body";

/// The three posts, in order of their keys.
fn posts(session: &mut Session<'_>) -> Result<Vec<Handle<Post>>> {
    session.query(Post::query().order(posts::id)).all()
}

pub fn b117_children_are_filtered_ordered_and_limited_for_each_parent_by_one_select() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let posts = posts(&mut session)?;
    recorder.take();
    let best = children(comments::post_id).filter(comments::hidden.eq(false)).order(comments::score.desc()).limit(2);
    assert!(recorder.sql().is_empty());
    let best = session.load_related(&posts, best)?;
    assert_eq!(grouped(&session, &best), [vec![1002, 1001], vec![1005], vec![]]);
    assert_eq!(
        recorder.sql(),
        [format!(
            "SELECT {BARE} FROM (SELECT {COLUMNS}, ROW_NUMBER() OVER (PARTITION BY comments.post_id \
             ORDER BY comments.score DESC, comments.id) AS __position FROM comments \
             WHERE comments.post_id IN (?, ?, ?) AND ((comments.hidden = ?))) AS t WHERE __position <= ? \
             ORDER BY __position"
        )]
    );
    Ok(())
}

pub fn b117_an_order_and_a_condition_need_no_limit() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let sea = session.get_one::<Post>(SEA_POST)?;
    recorder.take();
    let ordered = children(comments::post_id).order((comments::score.desc(), comments::body));
    let groups = session.load_related(&[sea], ordered)?;
    assert_eq!(grouped(&session, &groups), [[1003, 1002, 1004, 1001]]);
    let low = children(comments::post_id).filter(comments::score.lt(9)).filter(comments::writer_id.eq(1));
    let groups = session.load_related(&[sea], low)?;
    assert_eq!(grouped(&session, &groups), [[1002, 1004]]);
    assert_eq!(
        recorder.sql(),
        [
            format!(
                "SELECT {COLUMNS} FROM comments WHERE comments.post_id IN (?) \
                 ORDER BY comments.score DESC, comments.body, comments.id"
            ),
            format!(
                "SELECT {COLUMNS} FROM comments WHERE comments.post_id IN (?) AND ((comments.score < ?)) \
                 AND ((comments.writer_id = ?))"
            )
        ]
    );
    Ok(())
}

pub fn b117_conditions_add_up_the_last_order_counts_and_equal_children_are_in_order_of_their_keys() -> Result<()> {
    let (_library, mut session, _recorder) = blog();
    let sea = session.get_one::<Post>(SEA_POST)?;
    let shown = children(comments::post_id)
        .filter(comments::hidden.eq(false).or(comments::score.gt(100)))
        .filter(comments::score.le(5))
        .order(comments::body.asc())
        .order(comments::score.desc());
    assert_eq!(first_comments(&mut session, sea, 9)?, [1001, 1002, 1003, 1004]);
    let groups = session.load_related(&[sea], shown)?;
    assert_eq!(grouped(&session, &groups), [[1001, 1004]]);
    let groups = session.load_related(&[sea], children(comments::post_id).order(comments::post_id).limit(3))?;
    assert_eq!(grouped(&session, &groups), [[1001, 1002, 1003]]);
    assert_eq!(first_comments(&mut session, sea, 2)?, [1001, 1002]);
    assert_eq!(first_comments(&mut session, sea, 0)?, [0; 0]);
    Ok(())
}

/// The keys of a post's first comments, in order of their keys.
fn first_comments(session: &mut Session<'_>, post: Handle<Post>, limit: u32) -> Result<Vec<i64>> {
    let groups = session.load_related(&[post], children(comments::post_id).limit(limit))?;
    Ok(keys(session, &groups[0]))
}

pub fn b117_pending_children_are_flushed_first_and_rows_in_the_session_keep_their_changes() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let sun = session.get_one::<Post>(SUN_POST)?;
    let sea = session.get_one::<Post>(SEA_POST)?;
    let wet = session.get_one::<Comment>(1001)?;
    let hot = session.add(NewComment::new(sun, false, 3, "hot")?);
    recorder.take();
    let shown = || children(comments::post_id).filter(comments::hidden.eq(false));
    let groups = session.load_related(&[sun, sea], shown())?;
    assert_eq!(groups[0], [hot]);
    assert_eq!(groups[1][0], wet);
    assert_eq!(steps(recorder.sql()), ["INSERT comments", "SELECT comments.id,"]);
    session.edit(wet)?.hidden = true;
    let groups = session.no_autoflush(|session| session.load_related(&[sea], shown()))?;
    assert_eq!(groups[0][0], wet);
    assert!(session.row(wet)?.hidden && session.is_modified(wet)?);
    let groups = session.load_related(&[sea], shown())?;
    assert!(!groups[0].contains(&wet));
    Ok(())
}

pub fn b117_many_parents_twice_the_same_and_none_at_all() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let none: Vec<Vec<Handle<Comment>>> =
        session.load_related(&[], children(comments::post_id).order(comments::score).limit(1))?;
    assert!(none.is_empty() && recorder.sql().is_empty());
    let ben = session.get_one::<Writer>(2)?;
    let posts: Vec<Handle<Post>> =
        (0..250).map(|n| Ok(session.add(NewPost::new(ben, format!("post {n}"))?))).collect::<Result<_>>()?;
    for (n, post) in (0..).zip(&posts) {
        for score in [n, n + 1] {
            session.add(NewComment::new(*post, false, score, "a comment")?);
        }
    }
    session.flush()?;
    recorder.take();
    let parents: Vec<Handle<Post>> = [posts.as_slice(), &posts[..1]].concat();
    let groups = session.load_related(&parents, children(comments::post_id).order(comments::score.desc()).limit(1))?;
    for (n, group) in (0..).zip(&groups) {
        let expected = if n == 250 { 1 } else { n + 1 };
        assert_eq!(group.iter().map(|it| session.row(*it).unwrap().score).collect::<Vec<_>>(), [expected]);
    }
    // One SELECT for every 100 parents.
    assert_eq!(recorder.sql().len(), 3);
    Ok(())
}

pub fn b117_children_by_a_unique_column_that_is_not_the_key() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let cid = session.get_one::<Author>(CID)?;
    let silver = session.add(NewPrize { author_number: cid.into(), ..NewPrize::new(cid, "Silver")? });
    session.flush()?;
    session.expire_all();
    let prizes = session.load_related(&[cid], children(prizes::author_number).order(prizes::name.desc()).limit(1))?;
    assert_eq!(prizes, [[silver]]);
    Ok(())
}

pub fn b118_linked_rows_are_one_select_and_the_links_stay_out_of_the_session() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let posts = posts(&mut session)?;
    recorder.take();
    let labels = session.through(post_labels::post_id, post_labels::label_id, &posts)?;
    assert_eq!(grouped(&session, &labels), [vec![10_001, 10_002, 10_003], vec![10_002], vec![]]);
    assert_eq!(labels[0][1], labels[1][0]);
    assert_eq!(
        recorder.sql(),
        ["SELECT labels.id, labels.name, post_labels.post_id FROM post_labels INNER JOIN labels \
          ON labels.id = post_labels.label_id WHERE post_labels.post_id IN (?, ?, ?)"]
    );
    let back = session.through(post_labels::label_id, post_labels::post_id, &[labels[0][1]])?;
    assert_eq!(back, [[posts[0], posts[1]]]);
    recorder.take();
    session.get_one::<PostLabel>((SEA_POST, 10_001))?;
    assert_eq!(recorder.sql().len(), 1);
    Ok(())
}

pub fn b118_linked_rows_are_filtered_ordered_and_limited_by_both_tables() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let posts = posts(&mut session)?;
    recorder.take();
    let labels = through(post_labels::post_id, post_labels::label_id)
        .filter(labels::name.ne("new").and(post_labels::place.lt(9)))
        .order((post_labels::place.desc(), labels::name))
        .limit(1);
    let labels = session.load_related(&posts, labels)?;
    assert_eq!(grouped(&session, &labels), [vec![10_001], vec![10_002], vec![]]);
    assert_eq!(
        recorder.sql(),
        ["SELECT id, name, __link FROM (SELECT labels.id, labels.name, post_labels.post_id AS __link, \
          ROW_NUMBER() OVER (PARTITION BY post_labels.post_id ORDER BY post_labels.place DESC, labels.name, labels.id) \
          AS __position FROM post_labels INNER JOIN labels ON labels.id = post_labels.label_id \
          WHERE post_labels.post_id IN (?, ?, ?) AND (((labels.name != ?) AND (post_labels.place < ?)))) AS t \
          WHERE __position <= ? ORDER BY __position"]
    );
    let by_place = through(post_labels::post_id, post_labels::label_id).order(post_labels::place);
    let labels = session.load_related(&posts[..1], by_place)?;
    assert_eq!(grouped(&session, &labels), [[10_002, 10_001, 10_003]]);
    Ok(())
}

pub fn b118_a_link_of_a_table_to_itself_leads_either_way() -> Result<()> {
    let (_library, mut session, _recorder) = blog();
    let writers = session.query(Writer::query().order(writers::id)).all()?;
    let followed = session.through(follows::follower_id, follows::followed_id, &writers)?;
    assert_eq!(grouped(&session, &followed), [vec![2, 3], vec![1], vec![]]);
    let followers = session.through(follows::followed_id, follows::follower_id, &writers)?;
    assert_eq!(grouped(&session, &followers), [vec![2], vec![1], vec![1]]);
    Ok(())
}

pub fn b118_new_links_are_flushed_first_and_links_with_values_of_their_own_are_children() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let sun = session.get_one::<Post>(SUN_POST)?;
    let hot = session.add(NewLabel::new("hot")?);
    let link = session.add(NewPostLabel::new(sun, hot, 1)?);
    assert_eq!(session.through(post_labels::post_id, post_labels::label_id, &[sun])?, [[hot]]);
    let sea = session.get_one::<Post>(SEA_POST)?;
    recorder.take();
    let links = children(post_labels::post_id).order(post_labels::place).with(parent(post_labels::label_id));
    let links = session.load_related(&[sea, sun], links)?;
    assert_eq!(selects(&recorder).len(), 2);
    assert_eq!(links[1], [(link, Some(hot))]);
    let places = links[0].iter().map(|(link, label)| {
        let label = label.map(|label| session.row(label).unwrap().name.clone());
        (session.row(*link).unwrap().place, label.unwrap_or_default())
    });
    let expected = [(1, "blue".to_owned()), (2, "nature".to_owned()), (3, "new".to_owned())];
    assert_eq!(places.collect::<Vec<_>>(), expected);
    Ok(())
}

pub fn b119_several_levels_are_one_select_for_each_relation() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let posts = posts(&mut session)?;
    recorder.take();
    let shown = children(comments::post_id).filter(comments::hidden.eq(false)).with(parent(comments::writer_id));
    let related = (parent(posts::writer_id), shown, through(post_labels::post_id, post_labels::label_id));
    let loaded = session.load_related(&posts, related)?;
    // Both writers are found for the posts, so that the writers of the comments need no SELECT.
    let sent = selects(&recorder);
    assert_eq!(steps(sent), ["SELECT id,", "SELECT comments.id,", "SELECT labels.id,"]);
    let (writer, comments, labels) = &loaded[0];
    assert_eq!(keys(&session, writer.as_slice()), [1]);
    assert_eq!(keys(&session, labels), [10_001, 10_002, 10_003]);
    let pairs: Vec<_> =
        comments.iter().map(|(row, by)| (session.key(*row).ok(), by.and_then(|by| session.key(by).ok()))).collect();
    assert_eq!(pairs, [(Some(1001), Some(2)), (Some(1002), Some(1)), (Some(1004), Some(1))]);
    assert!(loaded[2].1.is_empty() && loaded[2].2.is_empty());
    Ok(())
}

pub fn b119_the_number_of_selects_does_not_depend_on_the_number_of_rows() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let ben = session.get_one::<Writer>(2)?;
    for n in 0..30 {
        let post = session.add(NewPost::new(ben, format!("post {n}"))?);
        for score in 0..3 {
            let writer = session.add(NewWriter::new(format!("writer {n} {score}"))?);
            session.add(NewComment { writer_id: writer.into(), ..NewComment::new(post, false, score, "a comment")? });
        }
    }
    session.flush()?;
    let mut counts = Vec::new();
    for limit in [1, 2, 30] {
        session.clear()?;
        let posts = session.query(Post::query().order(posts::id.desc()).limit(limit)).all()?;
        recorder.take();
        let deep = children(comments::post_id).with(parent(comments::writer_id).with(children(follows::follower_id)));
        let loaded = session.load_related(&posts, deep)?;
        assert!(loaded.iter().all(|comments| comments.len() == 3 && comments.iter().all(|(_, by)| by.is_some())));
        counts.push(recorder.sql().len());
    }
    assert_eq!(counts, [3, 3, 3]);
    Ok(())
}

pub fn b119_a_parent_is_loaded_once_and_given_to_each_of_its_children() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let comments = session.query(Comment::query().order(comments::id)).all()?;
    recorder.take();
    let up = parent(comments::post_id).with(parent(posts::writer_id));
    let loaded = session.load_related(&comments, (up, parent(comments::writer_id)))?;
    let sent = recorder.take();
    assert_eq!(sent.iter().map(|sent| sent.binds.as_str()).collect::<Vec<_>>(), ["[101, 102]", "[1, 2]"]);
    let posts: Vec<_> =
        loaded.iter().filter_map(|(post, _)| *post).map(|(post, by)| (session.key(post).ok(), by)).collect();
    assert_eq!(posts.len(), 5);
    assert!(posts[..4].iter().all(|pair| *pair == posts[0] && pair.1.is_some()));
    let writers: Vec<_> = loaded.iter().map(|(_, by)| by.and_then(|by| session.key(by).ok())).collect();
    assert_eq!(writers, [Some(2), Some(1), None, Some(1), Some(2)]);
    Ok(())
}

/// The keys of a tree, those of each row's children in parentheses.
fn shape(session: &Session<'_>, trees: &[Tree<Handle<Comment>>]) -> String {
    let one = |tree: &Tree<Handle<Comment>>| {
        let key = session.key(tree.row).unwrap_or_default();
        if tree.children.is_empty() { key.to_string() } else { format!("{key} ({})", shape(session, &tree.children)) }
    };
    trees.iter().map(one).collect::<Vec<_>>().join(" ")
}

pub fn b120_a_tree_is_loaded_to_the_bottom_by_one_select_for_each_level() -> Result<()> {
    let (library, mut session, recorder) = blog();
    library.elsewhere(
        "INSERT INTO comments (id, post_id, writer_id, parent_id, hidden, score, body) VALUES
            (1006, 101, 3, 1001, FALSE, 1, 'indeed'), (1007, 101, 3, 1006, FALSE, 1, 'so')",
    );
    let tops = session.query(Comment::query().filter(comments::parent_id.is_null()).order(comments::id)).all()?;
    recorder.take();
    let threads = session.load_related(&tops, children(comments::parent_id).recursive())?;
    let shapes: Vec<String> = threads.iter().map(|thread| shape(&session, thread)).collect();
    assert_eq!(shapes, ["1002 (1003) 1006 (1007)", "", ""]);
    let select = |count: usize| {
        let marks = vec!["?"; count].join(", ");
        format!("SELECT {BARE} FROM comments WHERE parent_id IN ({marks})")
    };
    assert_eq!(recorder.sql(), [select(3), select(2), select(2)]);
    let walked: Vec<_> =
        threads[0].iter().flat_map(Tree::walk).map(|(depth, row)| (depth, session.key(*row).ok())).collect();
    assert_eq!(walked, [(0, Some(1002)), (1, Some(1003)), (0, Some(1006)), (1, Some(1007))]);
    Ok(())
}

pub fn b120_a_tree_has_its_order_its_conditions_its_depth_and_relations_of_its_rows() -> Result<()> {
    let (library, mut session, recorder) = blog();
    library.elsewhere(
        "INSERT INTO comments (id, post_id, writer_id, parent_id, hidden, score, body) VALUES
            (1006, 101, 3, 1001, FALSE, 8, 'indeed'), (1007, 101, 3, 1006, FALSE, 1, 'so'),
            (1008, 101, 3, 1007, FALSE, 1, 'yes')",
    );
    let wet = session.get_one::<Comment>(1001)?;
    let ordered = || children(comments::parent_id).order(comments::score.desc());
    let thread = session.load_related(&[wet], ordered().recursive())?;
    assert_eq!(shape(&session, &thread[0]), "1006 (1007 (1008)) 1002 (1003)");
    let thread = session.load_related(&[wet], ordered().filter(comments::hidden.eq(false)).recursive().depth(2))?;
    assert_eq!(shape(&session, &thread[0]), "1006 (1007) 1002");
    let thread = session.load_related(&[wet], ordered().limit(1).recursive())?;
    assert_eq!(shape(&session, &thread[0]), "1006 (1007 (1008))");
    let thread = session.load_related(&[wet], ordered().recursive().depth(0))?;
    assert!(thread[0].is_empty());
    recorder.take();
    let thread = session.load_related(&[wet], ordered().with(parent(comments::writer_id)).recursive())?;
    let walked = thread[0].iter().flat_map(Tree::walk);
    let writers: Vec<_> = walked.map(|(_, (_, by))| by.and_then(|by| session.key(by).ok())).collect();
    assert_eq!(writers, [Some(3), Some(3), Some(3), Some(1), None]);
    // Four levels, of which the last is empty, and the writers of all of them.
    assert_eq!(recorder.sql().len(), 5);
    Ok(())
}

pub fn b120_a_cycle_ends_where_it_would_begin_again() -> Result<()> {
    let (library, mut session, _recorder) = blog();
    library.elsewhere(
        "UPDATE comments SET parent_id = 1003 WHERE id = 1001; UPDATE comments SET parent_id = 1004 WHERE id = 1004",
    );
    let rows: Vec<Handle<Comment>> = session.get_many(&[1001, 1002, 1004])?.into_iter().flatten().collect();
    let trees = session.load_related(&rows, children(comments::parent_id).recursive())?;
    let shapes: Vec<String> = trees.iter().map(|tree| shape(&session, tree)).collect();
    assert_eq!(shapes, ["1002 (1003)", "1003 (1001)", ""]);
    Ok(())
}

pub fn b120_trees_that_overlap_are_each_whole() -> Result<()> {
    let (_library, mut session, _recorder) = blog();
    let (root, leaf) = (session.get_one::<Member>(40_001)?, session.get_one::<Member>(40_002)?);
    let new = session.add(NewMember { parent_id: leaf.into(), ..NewMember::new("bud")? });
    let trees = session.load_related(&[root, leaf, root], children(members::parent_id).recursive())?;
    let bud = Tree { row: new, children: vec![] };
    let branch = Tree { row: leaf, children: vec![bud.clone()] };
    assert_eq!(trees, [vec![branch.clone()], vec![bud], vec![branch]]);
    assert!(session.state(new)?.is_persistent() && session.state(leaf)? != State::Stale);
    Ok(())
}
