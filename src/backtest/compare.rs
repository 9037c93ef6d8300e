//! What an edit changes for the reader of one topic. Pure.

use std::collections::{HashMap, HashSet};

use super::side::{SideAlert, Sides, TopicSide};

/// What became of the alerts of a topic. Each counted alert of the one side is kept, lost or regrouped; each of the other
/// is kept, gained or regrouped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// On both sides.
    pub(super) kept: u64,
    /// Of stories that were not told before, in the order of the articles.
    pub(super) gained: Vec<SideAlert>,
    /// Of stories that are not told any more.
    pub(super) lost: Vec<SideAlert>,
    /// Alerts of before whose story is told still, together with another one or earlier than the asked time.
    pub(super) regrouped_before: u64,
    /// New alerts of stories that were told before, together with another one or earlier than the asked time.
    pub(super) regrouped_after: u64,
}

/// Compares the sides of a topic.
pub(super) fn compare(sides: &Sides) -> Difference {
    match sides {
        Sides::Alike(side) => Difference { kept: side.counted_alerts().count() as u64, ..Difference::default() },
        Sides::Apart { before, after } => compare_two(before, after),
    }
}

/// Compares two sides of a topic. Stories correspond if they share an article.
fn compare_two(before: &TopicSide, after: &TopicSide) -> Difference {
    let old: Vec<SideAlert> = before.counted_alerts().copied().collect();
    let new: Vec<SideAlert> = after.counted_alerts().copied().collect();
    let links = links(before, after);
    let mut kept_old = vec![false; old.len()];
    let mut kept_new = vec![false; new.len()];

    // First the alerts that the same article raised, then those of stories that correspond.
    let by_article: HashMap<i64, usize> = old.iter().enumerate().map(|(index, alert)| (alert.article, index)).collect();
    for (alert, kept) in new.iter().zip(&mut kept_new) {
        if let Some(&index) = by_article.get(&alert.article)
            && !kept_old[index]
        {
            (kept_old[index], *kept) = (true, true);
        }
    }
    let mut free: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, alert) in old.iter().enumerate().rev() {
        if !kept_old[index] {
            free.entry(alert.story).or_default().push(index);
        }
    }
    for (alert, kept) in new.iter().zip(&mut kept_new).filter(|(_, kept)| !**kept) {
        for story in links.to_before.get(&alert.story).into_iter().flatten() {
            if let Some(index) = free.get_mut(story).and_then(Vec::pop) {
                (kept_old[index], *kept) = (true, true);
                break;
            }
        }
    }

    let kept = kept_new.iter().filter(|kept| **kept).count() as u64;
    let (gained, regrouped_after) = leftovers(&new, &kept_new, &links.to_before, before);
    let (lost, regrouped_before) = leftovers(&old, &kept_old, &links.to_after, after);
    Difference { kept, gained, lost, regrouped_before, regrouped_after }
}

/// Tells what is only on this side from what the other side tells in another grouping. A further alert of a story that is
/// kept (a topic that alerts on every article) is only on this side.
fn leftovers(
    alerts: &[SideAlert],
    kept: &[bool],
    links: &HashMap<u32, Vec<u32>>,
    other: &TopicSide,
) -> (Vec<SideAlert>, u64) {
    let kept_stories: HashSet<u32> =
        alerts.iter().zip(kept).filter(|(_, kept)| **kept).map(|(alert, _)| alert.story).collect();
    let told: HashSet<u32> = other.alerts.iter().map(|alert| alert.story).collect();
    let mut regrouped = 0;
    let mut alone = Vec::new();
    for (alert, _) in alerts.iter().zip(kept).filter(|(_, kept)| !**kept) {
        let is_told = links.get(&alert.story).into_iter().flatten().any(|story| told.contains(story));
        if is_told && !kept_stories.contains(&alert.story) {
            regrouped += 1;
        } else {
            alone.push(*alert);
        }
    }
    (alone, regrouped)
}

/// Which stories share an article.
struct Links {
    to_before: HashMap<u32, Vec<u32>>,
    to_after: HashMap<u32, Vec<u32>>,
}

fn links(before: &TopicSide, after: &TopicSide) -> Links {
    let old: HashMap<i64, u32> = before.members.iter().map(|member| (member.article, member.story)).collect();
    let mut links = Links { to_before: HashMap::new(), to_after: HashMap::new() };
    let mut known = HashSet::new();
    for member in &after.members {
        if let Some(&story) = old.get(&member.article)
            && known.insert((story, member.story))
        {
            links.to_before.entry(member.story).or_default().push(story);
            links.to_after.entry(story).or_default().push(member.story);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::super::side::Member;
    use super::*;
    use crate::model::Severity;

    /// A side of stories, each a list of articles of which the first alerts; articles below 10 lie before the window.
    fn side(stories: &[&[i64]]) -> TopicSide {
        let mut side = TopicSide::default();
        for (story, articles) in (0..).zip(stories) {
            for (index, &article) in articles.iter().enumerate() {
                side.members.push(Member { article, story, in_window: article >= 10 });
                if index == 0 {
                    side.alerts.push(alert(article, story));
                }
            }
        }
        side
    }

    /// The same, where each article alerts.
    fn every(stories: &[&[i64]]) -> TopicSide {
        let mut side = side(stories);
        side.alerts = side.members.iter().map(|member| alert(member.article, member.story)).collect();
        side
    }

    fn alert(article: i64, story: u32) -> SideAlert {
        SideAlert { article, story, in_window: article >= 10, severity: Severity::Notice }
    }

    fn articles(alerts: &[SideAlert]) -> Vec<i64> {
        alerts.iter().map(|alert| alert.article).collect()
    }

    fn check(before: &TopicSide, after: &TopicSide) -> Difference {
        let found = compare_two(before, after);
        let counted = |side: &TopicSide| side.counted_alerts().count() as u64;
        assert_eq!(found.kept + found.lost.len() as u64 + found.regrouped_before, counted(before));
        assert_eq!(found.kept + found.gained.len() as u64 + found.regrouped_after, counted(after));
        found
    }

    #[test]
    fn a_story_is_kept_whichever_of_its_articles_comes_first() {
        let found = check(&side(&[&[10, 11], &[20]]), &side(&[&[11, 12], &[30]]));
        assert_eq!((found.kept, articles(&found.gained), articles(&found.lost)), (1, vec![30], vec![20]));
    }

    #[test]
    fn the_same_rules_change_nothing() {
        let stories = side(&[&[9, 10], &[11], &[12, 13]]);
        assert_eq!(check(&stories, &stories), Difference { kept: 2, ..Difference::default() });
        assert_eq!(compare(&Sides::Alike(stories.clone())), check(&stories, &stories));
        assert_eq!(check(&TopicSide::default(), &TopicSide::default()), Difference::default());
    }

    #[test]
    fn stories_that_fall_apart_or_together_are_neither_gained_nor_lost() {
        let (one, two) = (side(&[&[10, 11]]), side(&[&[10], &[11]]));
        assert_eq!(check(&one, &two), Difference { kept: 1, regrouped_after: 1, ..Difference::default() });
        assert_eq!(check(&two, &one), Difference { kept: 1, regrouped_before: 1, ..Difference::default() });
    }

    #[test]
    fn a_story_told_before_the_asked_time_is_not_gained() {
        let found = check(&side(&[&[9, 10]]), &side(&[&[10]]));
        assert_eq!(found, Difference { regrouped_after: 1, ..Difference::default() });
    }

    #[test]
    fn an_alert_on_every_article_is_a_gain_of_its_own() {
        let found = check(&side(&[&[10, 11, 12]]), &every(&[&[10, 11, 12]]));
        assert_eq!((found.kept, articles(&found.gained), found.regrouped_after), (1, vec![11, 12], 0));
        let found = check(&every(&[&[10, 11, 12]]), &side(&[&[10, 11, 12]]));
        assert_eq!((found.kept, articles(&found.lost)), (1, vec![11, 12]));
    }
}
