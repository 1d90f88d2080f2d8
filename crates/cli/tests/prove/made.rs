//! Small recordings of formats of which the repository has none.

use std::fs;
use std::path::Path;

use prairie_formats::mcap::{McapWriter, WriterOptions};
use serde_json::json;

use crate::support::{Mcap, bundled, picture};

/// An array of a Zarr v2 store, in one chunk that is not compressed.
fn array(folder: &Path, shape: &[usize], kind: &str, bytes: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    let about = json!({
        "zarr_format": 2, "shape": shape, "chunks": shape, "dtype": kind, "compressor": null, "fill_value": 0,
        "order": "C", "filters": null,
    });
    fs::write(folder.join(".zarray"), about.to_string()).unwrap();
    let zeros: Vec<_> = shape.iter().map(|_| "0").collect();
    fs::write(folder.join(zeros.join(".")), bytes).unwrap();
}

/// A replay buffer as diffusion policy has it: two episodes of 30 and 20 rows, with pictures.
pub(crate) fn replay_buffer(folder: &Path) {
    const ROWS: usize = 50;
    const SIDE: usize = 32;
    for group in ["", "data", "meta"] {
        fs::create_dir_all(folder.join(group)).unwrap();
        fs::write(folder.join(group).join(".zgroup"), json!({"zarr_format": 2}).to_string()).unwrap();
    }
    let numbers = |width: usize, of: &dyn Fn(usize, usize) -> f32| -> Vec<u8> {
        (0..ROWS)
            .flat_map(|row| (0..width).map(move |at| (row, at)))
            .flat_map(|(row, at)| of(row, at).to_le_bytes())
            .collect()
    };
    let state = numbers(5, &|row, at| (row as f32 * 0.1 + at as f32).sin());
    array(&folder.join("data/state"), &[ROWS, 5], "<f4", &state);
    let action = numbers(2, &|row, at| (row as f32 * 0.2 - at as f32).cos() * 100.0);
    array(&folder.join("data/action"), &[ROWS, 2], "<f4", &action);
    // A bright square on a ground that changes slowly.
    let pixel = |row: usize, place: usize| {
        let (y, x) = (place / 3 / SIDE, place / 3 % SIDE);
        let inside = (8..16).contains(&y) && (row % 20..row % 20 + 8).contains(&x);
        if inside { 220_u8 } else { 60 + (row + y) as u8 }
    };
    let pictures: Vec<u8> =
        (0..ROWS).flat_map(|row| (0..SIDE * SIDE * 3).map(move |place| pixel(row, place))).collect();
    array(&folder.join("data/img"), &[ROWS, SIDE, SIDE, 3], "|u1", &pictures);
    let ends: Vec<u8> = [30_i64, 50].iter().flat_map(|end| end.to_le_bytes()).collect();
    array(&folder.join("meta/episode_ends"), &[2], "<i8", &ends);
}

/// Two episodes of `xr_teleoperate`, with the pictures of a real camera.
pub(crate) fn teleoperated(folder: &Path) {
    let cell = Mcap::read(&bundled("contact-cell.mcap"));
    let front = cell.of("/camera/front/image/compressed");
    for episode in 0..2_usize {
        let own = folder.join(format!("episode_{episode:04}"));
        fs::create_dir_all(own.join("colors")).unwrap();
        let row = |idx: usize| {
            let data = &cell.messages[front[100 + 40 * episode + idx]].data;
            let name = format!("colors/{idx:06}_color_0.jpg");
            // The front camera's messages end with the picture, padded to nothing.
            fs::write(own.join(&name), &data[picture(data)..]).unwrap();
            let part =
                |shift: f64| json!({"qpos": [(idx as f64 * 0.1).sin() + shift, shift], "qvel": [], "torque": []});
            json!({
                "idx": idx, "colors": {"color_0": name}, "depths": {},
                "states": {"left_arm": part(0.1), "right_arm": part(-0.2)},
                "actions": {"left_arm": part(0.3), "right_arm": part(0.7)}, "tactiles": null, "audios": null,
            })
        };
        let data: Vec<_> = (0..40).map(row).collect();
        let info = json!({
            "version": "1.0.0", "date": "2025-06-01", "author": "unitree", "image": {"width": 320, "height": 240, "fps": 30},
            "joint_names": {"left_arm": ["shoulder", "elbow"], "right_arm": ["shoulder", "elbow"]},
        });
        let text = json!({"goal": "put the peg into the socket", "desc": "", "steps": ""});
        let document = json!({"info": info, "text": text, "data": data});
        fs::write(own.join("data.json"), document.to_string()).unwrap();
    }
}

/// Fifty messages of a sensor with one quantity.
pub(crate) fn measured(path: &Path, schema: &str, field: &str) {
    let line = "=".repeat(80);
    let definition = format!(
        "std_msgs/Header header\nfloat64 {field}\nfloat64 variance\n{line}\nMSG: std_msgs/Header\n\
         builtin_interfaces/Time stamp\nstring frame_id\n{line}\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
    );
    let mut writer = McapWriter::new(fs::File::create(path).unwrap(), WriterOptions::default()).unwrap();
    let schema = writer.add_schema(schema, "ros2msg", definition.as_bytes()).unwrap();
    let channel = writer.add_channel(Some(schema), "/sensor", "cdr", Default::default()).unwrap();
    for row in 0..50_u32 {
        let log_ns = 1_700_000_000_000_000_000 + u64::from(row) * 20_000_000;
        let mut data = vec![0, 1, 0, 0];
        data.extend(((log_ns / 1_000_000_000) as u32).to_le_bytes());
        data.extend(((log_ns % 1_000_000_000) as u32).to_le_bytes());
        // An empty name, and the way to the next eight bytes.
        data.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        data.resize(4 + 16, 0);
        data.extend((f64::from(row) * 1.5 + 20.0).to_le_bytes());
        data.extend(0.25_f64.to_le_bytes());
        writer.write(channel, row, log_ns, log_ns, &data).unwrap();
    }
    writer.finish().unwrap();
}
