"""A small work cell in MuJoCo: a six-axis arm with a two-finger gripper puts a square peg into a square socket.

Everything here is defined by this file: no meshes, no textures, no third-party models. The physics run at 2 kHz.
"""

import math

import mujoco
import numpy as np

STEP_S = 0.0005
CONTROL_STEPS = 40  # 50 Hz
ARM = [f"joint_{n}" for n in range(1, 7)]
PEG_HALF_M = (0.013, 0.013, 0.035)
HOLE_HALF_M = 0.0148
SOCKET_HEIGHT_M = 0.040
SOCKET_FLOOR_M = 0.006
TAXELS = (4, 4)
PAD_HALF_M = (0.012, 0.016)  # across the finger, along the finger
WIDTH, HEIGHT = 320, 240
HURRY = 0.9  # every move takes this part of its time


def mjcf() -> str:
    """The cell as MJCF."""
    wall_m = 0.012
    outer = HOLE_HALF_M + wall_m
    mid_m = (SOCKET_HEIGHT_M - SOCKET_FLOOR_M) / 2
    walls = "".join(
        f'<geom class="socket" pos="{x:.5f} {y:.5f} {SOCKET_FLOOR_M + mid_m:.5f}" size="{a:.5f} {b:.5f} {mid_m:.5f}"/>'
        for x, y, a, b in [
            (HOLE_HALF_M + wall_m / 2, 0, wall_m / 2, outer),
            (-HOLE_HALF_M - wall_m / 2, 0, wall_m / 2, outer),
            (0, HOLE_HALF_M + wall_m / 2, HOLE_HALF_M, wall_m / 2),
            (0, -HOLE_HALF_M - wall_m / 2, HOLE_HALF_M, wall_m / 2),
        ]
    )
    fingers = "".join(
        f"""
        <body name="{side}_finger" pos="0 {sign * 0.004} 0.070">
          <joint name="{side}_finger" type="slide" axis="0 {sign} 0" range="0 0.036" damping="20" armature="0.05"/>
          <geom class="dark" type="box" size="0.010 0.004 0.030" pos="0 {sign * 0.004} 0.020" mass="0.03"/>
          <geom name="{side}_pad" class="pad" size="{PAD_HALF_M[0]} 0.002 {PAD_HALF_M[1]}" pos="0 {sign * -0.001} 0.036"/>
          <site name="{side}_pad" pos="0 {sign * -0.003} 0.036" size="0.002" group="5"/>
        </body>"""
        for side, sign in (("left", 1), ("right", -1))
    )
    return f"""
<mujoco model="prairie contact cell">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="{STEP_S}" integrator="implicitfast" cone="elliptic" impratio="20"/>
  <visual>
    <global offwidth="{WIDTH}" offheight="{HEIGHT}"/>
    <quality shadowsize="1024" offsamples="4"/>
    <headlight ambient="0.36 0.36 0.36" diffuse="0.34 0.34 0.34" specular="0 0 0"/>
    <rgba haze="0.86 0.89 0.92 1"/>
  </visual>
  <default>
    <geom solref="0.004 1" friction="0.9 0.01 0.001"/>
    <default class="shell"><geom rgba="0.93 0.93 0.91 1" contype="0" conaffinity="0"/></default>
    <default class="joint"><geom rgba="0.20 0.36 0.62 1" contype="0" conaffinity="0"/></default>
    <default class="dark"><geom rgba="0.18 0.19 0.21 1" contype="0" conaffinity="0"/></default>
    <default class="pad"><geom type="box" rgba="0.10 0.55 0.45 1" mass="0.005" friction="1.6 0.02 0.001" condim="4"
       solref="0.006 1"/></default>
    <default class="socket"><geom type="box" rgba="0.93 0.72 0.16 1"/></default>
  </default>
  <asset>
    <texture name="sky" type="skybox" builtin="flat" rgb1="0.80 0.85 0.89" rgb2="0.80 0.85 0.89" width="32" height="192"/>
  </asset>
  <worldbody>
    <light pos="0.2 -0.9 1.7" dir="0.1 0.5 -1" diffuse="0.55 0.55 0.52" specular="0.1 0.1 0.1" castshadow="true"/>
    <light pos="1.2 0.9 1.6" dir="-0.6 -0.6 -1" diffuse="0.22 0.22 0.25" specular="0 0 0" castshadow="false"/>
    <geom name="floor" type="plane" size="3 3 0.1" pos="0 0 -0.5" rgba="0.55 0.58 0.60 1"/>
    <geom name="table" type="box" size="0.42 0.45 0.02" pos="0.27 0 -0.02" rgba="0.62 0.66 0.68 1"/>
    <geom class="dark" type="box" size="0.05 0.05 0.002" pos="0.38 -0.13 0.0005"/>
    <camera name="front" pos="1.00 -0.01 0.45" xyaxes="0 1 0 -0.44 0 0.90" fovy="36"/>
    <camera name="side" pos="0.40 0.86 0.34" xyaxes="-1 0.08 0 -0.02 -0.30 0.95" fovy="40"/>
    <body name="socket" pos="0.40 0.12 0">
      <geom class="socket" pos="0 0 {SOCKET_FLOOR_M / 2}" size="{outer} {outer} {SOCKET_FLOOR_M / 2}"/>
      {walls}
    </body>
    <body name="peg" pos="0.38 -0.13 {PEG_HALF_M[2]}">
      <freejoint name="peg"/>
      <geom name="peg" type="box" size="{PEG_HALF_M[0]} {PEG_HALF_M[1]} {PEG_HALF_M[2]}" mass="0.09" rgba="0.80 0.16 0.13 1"
        friction="1.2 0.02 0.001" condim="4"/>
    </body>
    <geom class="dark" type="cylinder" size="0.085 0.012" pos="0 0 0.012"/>
    <geom class="shell" type="cylinder" size="0.065 0.040" pos="0 0 0.060"/>
    <body name="link_1" pos="0 0 0.10" gravcomp="1">
      <joint name="joint_1" axis="0 0 1" range="-2.9 2.9" damping="8" armature="0.4"/>
      <geom class="joint" type="cylinder" size="0.062 0.028" pos="0 0 0.028" mass="2.5"/>
      <geom class="joint" type="cylinder" size="0.052 0.062" pos="0 0 0.075" euler="1.5708 0 0" mass="1"/>
      <body name="link_2" pos="0 0 0.075" gravcomp="1">
        <joint name="joint_2" axis="0 1 0" range="-1.9 1.9" damping="8" armature="0.4"/>
        <geom class="shell" type="capsule" size="0.042" fromto="0 0 0.04 0 0 0.26" mass="2.2"/>
        <geom class="joint" type="cylinder" size="0.044 0.052" pos="0 0 0.30" euler="1.5708 0 0" mass="0.6"/>
        <body name="link_3" pos="0 0 0.30" gravcomp="1">
          <joint name="joint_3" axis="0 1 0" range="-2.6 2.6" damping="5" armature="0.25"/>
          <geom class="shell" type="capsule" size="0.034" fromto="0 0 0.04 0 0 0.13" mass="1.1"/>
          <body name="link_4" pos="0 0 0.15" gravcomp="1">
            <joint name="joint_4" axis="0 0 1" range="-2.9 2.9" damping="2" armature="0.1"/>
            <geom class="joint" type="cylinder" size="0.035 0.014" pos="0 0 0.006" mass="0.2"/>
            <geom class="shell" type="capsule" size="0.030" fromto="0 0 0.02 0 0 0.09" mass="0.6"/>
            <geom class="joint" type="cylinder" size="0.032 0.040" pos="0 0 0.12" euler="1.5708 0 0" mass="0.3"/>
            <body name="link_5" pos="0 0 0.12" gravcomp="1">
              <joint name="joint_5" axis="0 1 0" range="-2.4 2.4" damping="1.5" armature="0.08"/>
              <geom class="shell" type="cylinder" size="0.028 0.024" pos="0 0 0.040" mass="0.3"/>
              <body name="link_6" pos="0 0 0.065" gravcomp="1">
                <joint name="joint_6" axis="0 0 1" range="-3.1 3.1" damping="1" armature="0.05"/>
                <geom class="joint" type="cylinder" size="0.030 0.010" pos="0 0 0.008" mass="0.1"/>
                <body name="gripper" pos="0 0 0.018" gravcomp="1">
                  <site name="ft" pos="0 0 0" size="0.002" group="5"/>
                  <geom class="dark" type="cylinder" size="0.026 0.010" pos="0 0 0.010" mass="0.15"/>
                  <geom class="shell" type="box" size="0.018 0.048 0.018" pos="0 0 0.038" mass="0.25"/>
                  <camera name="wrist" pos="0.075 0 0.005" xyaxes="0 1 0 0.90 0 0.44" fovy="64"/>
                  <site name="tool" pos="0 0 0.106" size="0.002" group="5"/>
                  {fingers}
                </body>
              </body>
            </body>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <equality>
    <joint joint1="left_finger" joint2="right_finger" solref="0.004 1"/>
  </equality>
  <actuator>
    {"".join(f'<position name="{j}" joint="{j}" kp="{kp}" kv="{kv}" forcerange="-{f} {f}"/>'
             for j, kp, kv, f in zip(ARM, (2400, 2400, 1800, 700, 600, 300), (140, 140, 90, 30, 24, 12), (120, 120, 90, 40, 30, 20)))}
    <position name="grip" joint="left_finger" kp="1500" kv="60" forcerange="-26 26"/>
  </actuator>
  <sensor>
    <force name="force" site="ft"/>
    <torque name="torque" site="ft"/>
  </sensor>
</mujoco>"""


def minimum_jerk(s: float) -> float:
    """Position along a unit move at unit time `s`."""
    s = min(max(s, 0.0), 1.0)
    return s * s * s * (10 + s * (6 * s - 15))


class Cell:
    """The simulation, the controller of the arm, and what its sensors see."""

    HOME_Q = np.array([0.0, -0.30, 1.75, 0.0, math.pi - 1.45, 0.0])

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.model = mujoco.MjModel.from_xml_string(mjcf())
        self.data = mujoco.MjData(self.model)
        self.arm_qpos = [self.model.joint(name).qposadr[0] for name in ARM]
        self.arm_dofs = [self.model.joint(name).dofadr[0] for name in ARM]
        self.finger_qpos = [self.model.joint(f"{side}_finger").qposadr[0] for side in ("left", "right")]
        self.finger_dofs = [self.model.joint(f"{side}_finger").dofadr[0] for side in ("left", "right")]
        self.peg_qpos = self.model.joint("peg").qposadr[0]
        self.peg_dof = self.model.joint("peg").dofadr[0]
        self.tool = self.model.site("tool").id
        self.pad_geom = self.model.geom("left_pad").id
        self.pad_site = self.model.site("left_pad").id
        self.socket = self.model.body("socket").pos.copy()
        self.renderer = None
        self.scratch = mujoco.MjData(self.model)
        self.grip_m = 0.036  # commanded travel of each finger
        self.data.qpos[self.arm_qpos] = self.HOME_Q
        self.data.qpos[self.finger_qpos] = self.grip_m
        self.data.ctrl[:6] = self.HOME_Q
        self.data.ctrl[6] = self.grip_m
        self.q_command = self.HOME_Q.copy()
        mujoco.mj_forward(self.model, self.data)
        self.home = self.data.site_xpos[self.tool].copy()

    # ── acting ──────────────────────────────────────────────────────────────────────────────────────────────

    def place_peg(self, x_m: float, y_m: float) -> None:
        """Puts the peg on the table, as a person between two attempts does."""
        at = self.peg_qpos
        self.data.qpos[at : at + 3] = (x_m, y_m, PEG_HALF_M[2] + 0.0005)
        self.data.qpos[at + 3 : at + 7] = (1, 0, 0, 0)
        self.data.qvel[self.peg_dof : self.peg_dof + 6] = 0

    def solve(self, target: np.ndarray, yaw: float) -> None:
        """Moves the commanded joints towards a tool pose that points straight down (damped least squares)."""
        wanted = np.array(
            [[-math.cos(yaw), -math.sin(yaw), 0], [-math.sin(yaw), math.cos(yaw), 0], [0, 0, -1]]
        )
        jp, jr = np.zeros((3, self.model.nv)), np.zeros((3, self.model.nv))
        for _ in range(12):
            self.scratch.qpos[self.arm_qpos] = self.q_command
            mujoco.mj_kinematics(self.model, self.scratch)
            mujoco.mj_comPos(self.model, self.scratch)
            mujoco.mj_jacSite(self.model, self.scratch, jp, jr, self.tool)
            now = self.scratch.site_xmat[self.tool].reshape(3, 3)
            turn = 0.5 * sum(np.cross(now[:, axis], wanted[:, axis]) for axis in range(3))
            error = np.concatenate([target - self.scratch.site_xpos[self.tool], turn])
            if np.linalg.norm(error) < 1e-6:
                break
            jac = np.vstack([jp[:, self.arm_dofs], jr[:, self.arm_dofs]])
            self.q_command += jac.T @ np.linalg.solve(jac @ jac.T + 1e-5 * np.eye(6), error)

    def attempt(self, peg: np.ndarray, miss_m: float):
        """The moves of one attempt: (name, tool target, finger travel, seconds)."""
        over = lambda p, z: np.array([p[0], p[1], z])
        hole = self.socket + np.array([miss_m, 0.0, 0.0])
        grasp_z = 0.052
        seated = SOCKET_FLOOR_M + grasp_z
        top = SOCKET_HEIGHT_M + grasp_z
        open_m, closed_m = 0.030, 0.0
        yield "approach", over(peg, 0.17), open_m, 1.6
        yield "descend", over(peg, grasp_z), open_m, 1.1
        yield "grasp", over(peg, grasp_z), closed_m, 0.8
        yield "lift", over(peg, 0.19), closed_m, 1.1
        yield "transfer", over(hole, 0.19), closed_m, 1.7
        yield "align", over(hole, top + 0.010), closed_m, 1.1
        if abs(miss_m) < HOLE_HALF_M - PEG_HALF_M[0]:
            yield "insert", over(hole, seated + 0.002), closed_m, 1.4
            yield "press", over(hole, seated - 0.006), closed_m, 0.7
            yield "release", over(hole, seated), 0.026, 0.7
        else:
            # The rim is where the hole should be: press, push on harder, give up.
            yield "insert", over(hole, top - 0.006), closed_m, 1.2
            yield "press", over(hole, top - 0.011), closed_m, 1.0
            yield "release", over(hole, top + 0.004), 0.026, 0.6
        yield "retreat", over(hole, 0.21), 0.030, 0.9
        yield "home", self.home, 0.034, 1.2

    def peg_depth_m(self) -> float:
        """How far the foot of the peg is below the rim; negative outside of the hole."""
        centre = self.data.qpos[self.peg_qpos : self.peg_qpos + 3]
        inside = np.all(np.abs(centre[:2] - self.socket[:2]) < HOLE_HALF_M)
        return float(SOCKET_HEIGHT_M - (centre[2] - PEG_HALF_M[2])) if inside else -1.0

    # ── sensing ─────────────────────────────────────────────────────────────────────────────────────────────

    def joints(self):
        """Position (rad), velocity (rad/s) and effort (N m) of the arm."""
        effort = self.data.actuator_force[:6] + self.data.qfrc_gravcomp[self.arm_dofs]
        return self.data.qpos[self.arm_qpos], self.data.qvel[self.arm_dofs], effort

    def gripper(self):
        """Opening (m), speed (m/s) and closing force (N)."""
        return (
            self.data.qpos[self.finger_qpos].sum(),
            self.data.qvel[self.finger_dofs].sum(),
            -self.data.actuator_force[6],
        )

    def wrench(self):
        """Force (N) and torque (N m) that the gripper exerts on the flange, in the sensor's frame."""
        return self.data.sensordata[:3], self.data.sensordata[3:6]

    def tool_pose(self):
        """Position (m) and quaternion (w, x, y, z) of the tool in the base frame."""
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, self.data.site_xmat[self.tool])
        return self.data.site_xpos[self.tool], quat

    def tactile(self) -> np.ndarray:
        """Pressure (Pa) on the taxels of the left pad, from the contacts of the solver."""
        rows, cols = TAXELS
        area = (2 * PAD_HALF_M[0] / cols) * (2 * PAD_HALF_M[1] / rows)
        force = np.zeros(TAXELS)
        rot = self.data.site_xmat[self.pad_site].reshape(3, 3)
        origin = self.data.site_xpos[self.pad_site]
        centres_x = (np.arange(cols) + 0.5) / cols * 2 - 1
        centres_z = (np.arange(rows) + 0.5) / rows * 2 - 1
        wrench = np.zeros(6)
        for index in range(self.data.ncon):
            if self.pad_geom not in self.data.contact[index].geom:
                continue
            mujoco.mj_contactForce(self.model, self.data, index, wrench)
            local = rot.T @ (self.data.contact[index].pos - origin)
            dx = centres_x - local[0] / PAD_HALF_M[0]
            dz = centres_z - local[2] / PAD_HALF_M[1]
            # The rubber spreads a point load over its neighbours.
            spread = np.exp(-(dz[:, None] ** 2 + dx[None, :] ** 2) / (2 * 0.42**2))
            force += max(wrench[0], 0.0) * spread / spread.sum()
        return force / area

    def picture(self, camera: str) -> np.ndarray:
        """What a camera sees: 240 × 320 × 3 bytes, RGB."""
        if self.renderer is None:
            self.renderer = mujoco.Renderer(self.model, HEIGHT, WIDTH)
        self.renderer.update_scene(self.data, camera)
        return self.renderer.render()


def run(cell: Cell, attempts, settle_s: float, recorder) -> list:
    """Runs the attempts; returns (first step, last step, depth of the peg) of each.

    Calls `recorder.step(n)` after every physics step, `recorder.start(n)` and `recorder.end(n, success)` at the ends of every
    attempt, and `recorder.move(n, name)` at the start of each of its moves.
    """
    done, step = [], 0

    def advance(move_from, move_to, grip_from, grip_to, seconds):
        nonlocal step
        steps = round(seconds * HURRY / STEP_S)
        for at in range(steps):
            if step % CONTROL_STEPS == 0:
                s = minimum_jerk((at + CONTROL_STEPS) / steps)
                cell.solve(move_from + (move_to - move_from) * s, 0.0)
                # Fingers take at most 0.6 s, whatever the arm does.
                g = minimum_jerk((at + CONTROL_STEPS) / min(steps, round(0.6 / STEP_S)))
                cell.grip_m = grip_from + (grip_to - grip_from) * g
                cell.data.ctrl[:6] = cell.q_command
                cell.data.ctrl[6] = cell.grip_m
            mujoco.mj_step(cell.model, cell.data)
            recorder.step(step)
            step += 1

    at, grip = cell.home.copy(), cell.grip_m
    for peg, miss_m in attempts:
        cell.place_peg(*peg)
        advance(at, at, grip, grip, settle_s)
        start = step
        recorder.start(step)
        for name, target, travel, seconds in cell.attempt(np.array(peg), miss_m):
            recorder.move(step, name)
            advance(at, target, grip, travel, seconds)
            at, grip = target, travel
        depth_m = cell.peg_depth_m()
        recorder.end(step, depth_m > 0.025)
        done.append((start, step, depth_m))
    advance(at, at, grip, grip, settle_s)
    return done
