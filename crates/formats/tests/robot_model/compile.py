"""Compiles models with MuJoCo, and says what their joints are. Those that include other files are left out."""

import json
import sys
from pathlib import Path

import mujoco

MADE = """<mujoco model="made"><compiler autolimits="true" eulerseq="zyx"/>
<default><joint range="-30 60"/><default class="a"><joint axis="0 1 0"/><default class="b"><joint limited="false"/></default>
</default></default>
<worldbody><body name="one" pos="1 2 3" euler="10 20 30" childclass="a"><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>
<joint name="h"/><joint name="s" type="slide" range="-0.5 0.5"/>
<frame pos="0 0 1" axisangle="0 1 1 45"><body name="two" pos="0 1 0" xyaxes="0 1 0 -1 0 0.2">
<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/><joint name="free" class="b"/><joint name="ball" type="ball" range="0 40"/>
<body name="three" zaxis="1 1 0"><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/><joint name="k" range="-1 1"/></body>
</body></frame></body></worldbody>
<actuator><motor joint="h" ctrlrange="-1 1"/></actuator></mujoco>"""

folder = Path(sys.argv[1])
(folder / "made.xml").write_text(MADE)
files = [folder / "made.xml"]
try:
    import dm_control

    files += sorted(Path(dm_control.__file__).parent.rglob("*.xml"))
except ImportError:
    pass
told = {}
for file in files:
    text = file.read_text(errors="replace")
    if "<mujoco" not in text or "<include" in text or "<worldbody" not in text:
        continue
    try:
        model = mujoco.MjModel.from_xml_path(str(file))
    except Exception:
        continue
    joints = []
    for at in range(model.njnt):
        joint = model.joint(at)
        body = model.body(int(model.jnt_bodyid[at]))
        joints.append(
            {
                "name": joint.name,
                "type": int(model.jnt_type[at]),
                "limited": bool(model.jnt_limited[at]),
                "range": [float(x) for x in model.jnt_range[at]],
                "body": body.name,
                "pos": [float(x) for x in body.pos],
                "quat": [float(x) for x in body.quat],
            }
        )
    told[str(file)] = {"joints": joints, "actuators": int(model.nu)}
print(json.dumps(told))
