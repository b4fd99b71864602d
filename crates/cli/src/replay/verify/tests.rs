//! Each test is a short trip east with ten fixes, 100 m and 5 s apart, and what its watcher saw.

use onway_core::wire::Counts;
use onway_core::wire::snapshot::EtaView;

use super::*;
use crate::clock;
use crate::trips::Point;

const START: i64 = 1_700_000_000;

fn point(fix: i64) -> Point {
    Point::new((START + fix * 5) * 1_000, 5.0, 1.0 + fix as f64 * 0.0009)
}

fn place(fix: i64) -> Position {
    Position::from_degrees(5.0, point(fix).lng).unwrap()
}

/// Ten fixes, sent once and accepted.
fn accepted() -> Ledger {
    let mut ledger = Ledger::of(&(0..10).map(point).collect::<Vec<_>>());
    for fix in 0..10 {
        ledger.sent(fix, clock::monotonic());
        ledger.acknowledged(fix, &Counts { accepted: 1, ..Counts::default() });
    }
    ledger
}

fn frame(kind: Kind, seq: u64, shown: Option<i64>, trail: &[i64]) -> Watched {
    Watched::Frame(Seen {
        at: clock::monotonic(),
        kind,
        status: None,
        seq,
        server_time_ms: 0,
        shown: shown.map(|fix| (START + fix * 5, place(fix))),
        trail: trail.iter().map(|fix| place(*fix)).collect(),
        eta: EtaView::default(),
    })
}

fn update(seq: u64, fix: i64) -> Watched {
    frame(Kind::Location, seq, Some(fix), &[])
}

/// The first frame, before any fix, and then these.
fn watch(ledger: &mut Ledger, frames: impl IntoIterator<Item = Watched>) -> Vec<Fault> {
    ledger.watched.push(frame(Kind::Snapshot, 3, None, &[]));
    ledger.watched.extend(frames);
    verify(ledger, TOLERANCE_M).findings.into_iter().map(|finding| finding.fault).collect()
}

#[test]
fn a_frame_for_each_fix_is_right() {
    let mut ledger = accepted();
    assert_eq!(watch(&mut ledger, (0..10).map(|fix| update(10 + fix as u64, fix))), []);
    assert!(verify(&ledger, TOLERANCE_M).seen.iter().all(Option::is_some));
}

#[test]
fn fixes_between_two_frames_may_come_in_a_trail() {
    let frames = [
        update(10, 0),
        frame(Kind::Location, 14, Some(4), &[1, 2, 3, 4]),
        frame(Kind::Location, 19, Some(9), &[5, 6, 7, 8, 9]),
    ];
    assert_eq!(watch(&mut accepted(), frames), []);
}

#[test]
fn a_fix_that_no_frame_holds_is_lost() {
    let skipping = (0..10).filter(|fix| *fix != 4).map(|fix| update(10 + fix as u64, fix));
    assert_eq!(watch(&mut accepted(), skipping), [Fault::Lost]);
    let short = [update(10, 0), frame(Kind::Location, 19, Some(9), &[1, 2, 3, 5, 6, 7, 8, 9])];
    assert_eq!(watch(&mut accepted(), short), [Fault::Lost]);
    let early_end = (0..8).map(|fix| update(10 + fix as u64, fix));
    assert_eq!(watch(&mut accepted(), early_end), [Fault::Lost, Fault::Lost]);
}

#[test]
fn a_fix_in_two_frames_was_seen_twice() {
    let mut frames: Vec<Watched> = (0..10).map(|fix| update(10 + fix as u64, fix)).collect();
    frames.push(update(30, 9));
    assert_eq!(watch(&mut accepted(), frames), [Fault::Twice]);
    let overlapping = [
        frame(Kind::Location, 14, Some(4), &[0, 1, 2, 3, 4]),
        frame(Kind::Location, 19, Some(9), &[4, 5, 6, 7, 8, 9]),
    ];
    assert_eq!(watch(&mut accepted(), overlapping), [Fault::Twice]);
}

#[test]
fn an_older_fix_after_a_newer_is_out_of_order() {
    let mut frames: Vec<Watched> = (0..10).map(|fix| update(10 + fix as u64, fix)).collect();
    frames.push(update(30, 5));
    assert_eq!(watch(&mut accepted(), frames), [Fault::OutOfOrder]);
    let shuffled = [frame(Kind::Location, 19, Some(9), &[0, 1, 3, 2, 4, 5, 6, 7, 8, 9])];
    assert_eq!(watch(&mut accepted(), shuffled), [Fault::OutOfOrder]);
}

#[test]
fn a_place_that_was_not_sent_is_found() {
    let strange = [frame(Kind::Location, 19, Some(9), &[0, 1, 2, 3, 50, 4, 5, 6, 7, 8, 9])];
    assert_eq!(watch(&mut accepted(), strange), [Fault::Unsent]);
    let mut frames: Vec<Watched> = (0..10).map(|fix| update(10 + fix as u64, fix)).collect();
    frames.push(update(30, 50));
    assert_eq!(watch(&mut accepted(), frames), [Fault::Unsent]);
}

#[test]
fn what_was_filtered_need_not_and_may_not_be_seen() {
    let all_but_the_fifth = || (0..10).filter(|fix| *fix != 5).map(|fix| update(10 + fix as u64, fix));
    let mut ledger = accepted();
    ledger.acknowledged(5, &Counts { filtered: 1, ..Counts::default() });
    assert_eq!(watch(&mut ledger, all_but_the_fifth()), []);
    let mut ledger = accepted();
    ledger.acknowledged(5, &Counts { filtered: 1, ..Counts::default() });
    assert_eq!(watch(&mut ledger, (0..10).map(|fix| update(10 + fix as u64, fix))), [Fault::Unsent]);
}

#[test]
fn a_duplicate_must_be_seen_only_when_it_was_sent_again() {
    let all_but_the_fifth = || (0..10).filter(|fix| *fix != 5).map(|fix| update(10 + fix as u64, fix));
    let duplicate = Counts { duplicates: 1, ..Counts::default() };
    let mut once = accepted();
    once.acknowledged(5, &duplicate);
    assert_eq!(watch(&mut once, all_but_the_fifth()), []);
    let mut again = accepted();
    again.sent(5, clock::monotonic());
    again.acknowledged(5, &duplicate);
    assert_eq!(watch(&mut again, all_but_the_fifth()), [Fault::Lost]);
}

#[test]
fn a_seq_that_does_not_grow_is_found() {
    let frames = (0..10).map(|fix| update(if fix == 6 { 15 } else { 10 + fix as u64 }, fix));
    assert_eq!(watch(&mut accepted(), frames), [Fault::Sequence]);
}

#[test]
fn a_watcher_that_was_away_may_miss_what_came_between() {
    let mut frames: Vec<Watched> = (0..4).map(|fix| update(10 + fix as u64, fix)).collect();
    frames.push(Watched::Reconnected);
    frames.push(update(18, 7));
    frames.push(frame(Kind::Resumed, 18, None, &[]));
    frames.extend([update(19, 8), update(20, 9)]);
    let mut ledger = accepted();
    assert_eq!(watch(&mut ledger, frames), []);
    assert_eq!(verify(&ledger, TOLERANCE_M).missed_while_away, 3);
}

#[test]
fn a_snapshot_after_coming_back_may_repeat_the_newest() {
    let mut frames: Vec<Watched> = (0..4).map(|fix| update(10 + fix as u64, fix)).collect();
    frames.push(Watched::Reconnected);
    frames.push(frame(Kind::Snapshot, 13, Some(3), &[]));
    frames.extend((4..10).map(|fix| update(10 + fix as u64, fix)));
    assert_eq!(watch(&mut accepted(), frames), []);
}
