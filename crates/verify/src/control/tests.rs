use super::*;

#[test]
fn shares_are_ruled_out_by_exact_bounds() {
    assert_eq!(ruled_out(0, 299, 0.01).0, ControlState::Pass);
    assert_eq!(ruled_out(0, 298, 0.01).0, ControlState::Unknown);
    assert_eq!(ruled_out(0, 0, 0.01).0, ControlState::Unknown);
    assert_eq!(ruled_out(22, 340, 0.01).0, ControlState::Fail);
    assert_eq!((needed(0.01), needed(0.05)), (299, 59));
}
