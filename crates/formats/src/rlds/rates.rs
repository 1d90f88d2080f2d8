//! How often the robots of known data sets were commanded. RLDS has no field for it.
//!
//! The numbers are those that LeRobot's converter of Open X-Embodiment gives (`openx/configs.yaml`), and the control rate of LIBERO.

/// Steps per second where nobody says: the most frequent rate of the known data sets.
pub(super) const DEFAULT_HZ: f64 = 10.0;

/// Names that data sets have behind their own when others converted them.
const ENDINGS: [&str; 2] = ["_converted_externally_to_rlds", "_dataset"];

/// By name, without [`ENDINGS`].
const KNOWN: &[(&str, f64)] = &[
    ("asu_table_top", 12.5),
    ("austin_buds", 20.0),
    ("austin_sailor", 20.0),
    ("austin_sirius", 20.0),
    ("bc_z", 10.0),
    ("berkeley_autolab_ur5", 5.0),
    ("berkeley_cable_routing", 10.0),
    ("berkeley_fanuc_manipulation", 10.0),
    ("berkeley_gnm_cory_hall", 5.0),
    ("berkeley_gnm_recon", 3.0),
    ("berkeley_gnm_sac_son", 10.0),
    ("berkeley_mvp", 5.0),
    ("berkeley_rpt", 30.0),
    ("bridge", 5.0),
    ("bridge_openx", 5.0),
    ("bridge_orig", 5.0),
    ("cmu_franka_exploration", 10.0),
    ("cmu_play_fusion", 5.0),
    ("cmu_playing_with_food", 10.0),
    ("cmu_stretch", 10.0),
    ("columbia_cairlab_pusht_real", 10.0),
    ("conq_hose_manipulation", 30.0),
    ("dlr_edan_shared_control", 5.0),
    ("dlr_sara_grid_clamp", 10.0),
    ("dlr_sara_pour", 10.0),
    ("dobbe", 3.75),
    ("droid", 15.0),
    ("droid_100", 15.0),
    ("fmb", 10.0),
    ("fractal20220817_data", 3.0),
    ("furniture_bench", 10.0),
    ("iamlab_cmu_pickup_insert", 20.0),
    ("imperialcollege_sawyer_wrist_cam", 10.0),
    ("io_ai_tech", 3.0),
    ("jaco_play", 10.0),
    ("kaist_nonprehensile", 10.0),
    ("kuka", 10.0),
    ("language_table", 10.0),
    ("libero_10_no_noops", 20.0),
    ("libero_goal_no_noops", 20.0),
    ("libero_object_no_noops", 20.0),
    ("libero_spatial_no_noops", 20.0),
    ("maniskill", 20.0),
    ("nyu_door_opening_surprising_effectiveness", 3.0),
    ("nyu_franka_play", 3.0),
    ("nyu_rot", 3.0),
    ("plex_robosuite", 20.0),
    ("robo_net", 1.0),
    ("robo_set", 5.0),
    ("roboturk", 10.0),
    ("spoc", 3.0),
    ("stanford_hydra", 10.0),
    ("stanford_kuka_multimodal", 20.0),
    ("stanford_robocook", 5.0),
    ("taco_play", 15.0),
    ("tokyo_u_lsmo", 10.0),
    ("toto", 30.0),
    ("ucsd_kitchen", 2.0),
    ("ucsd_pick_and_place", 3.0),
    ("uiuc_d3field", 1.0),
    ("usc_cloth_sim", 10.0),
    ("utaustin_mutex", 20.0),
    ("utokyo_pr2_opening_fridge", 10.0),
    ("utokyo_pr2_tabletop_manipulation", 10.0),
    ("utokyo_xarm_bimanual", 10.0),
    ("utokyo_xarm_pick_and_place", 10.0),
    ("viola", 20.0),
];

/// The rate of the data set of that name; `None` where it is not known.
pub(super) fn known(name: &str) -> Option<f64> {
    let bare = ENDINGS.iter().fold(name, |name, ending| name.strip_suffix(ending).unwrap_or(name));
    let at = KNOWN.binary_search_by(|(known, _)| (*known).cmp(bare)).ok()?;
    // OK to index: it was just found.
    Some(KNOWN[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found_with_their_endings() {
        assert!(KNOWN.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(known("bridge_dataset"), Some(5.0));
        assert_eq!(known("austin_buds_dataset_converted_externally_to_rlds"), Some(20.0));
        assert_eq!(known("my_own"), None);
    }
}
