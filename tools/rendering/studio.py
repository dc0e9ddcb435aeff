"""Builds the scene of a shot and path-traces it to linear light."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.rendering.canvas import Pixels
from tools.rendering.clutter import clutter
from tools.rendering.engine import mi
from tools.rendering.geometry import rotation
from tools.rendering.objects import OBJECTS, Part
from tools.rendering.shots import Light, Shot
from tools.rendering.surfaces import TABLES, WALLS
from tools.rendering.viewpoint import FIELD_OF_VIEW, Viewpoint

Radiance = NDArray[np.float32]

_TABLE_SIDE, _WALL_SIDE, _WALL_DISTANCE = 130.0, 150.0, 34.0
_APERTURE = 0.14  # radius in cm; blurs the wall, keeps the object sharp


def render(shot: Shot, size: tuple[int, int], samples: int) -> Radiance:
    """Return linear RGB (height, width, 3) of a shot; ``size`` is (width, height) in pixels."""
    parts = OBJECTS[shot.subject]()
    sensor = _camera(Viewpoint.of(shot, parts), size, samples)
    return _traced(_room(shot, parts, sensor), {"type": "path", "max_depth": 5}, shot, samples)


def render_with_depth(
    shot: Shot, parts: list[Part], size: tuple[int, int], samples: int, margin: float
) -> tuple[Radiance, NDArray[np.float32]]:
    """Linear RGB (height, width, 3) of an object's shot, and how far each pixel is, in cm.

    The field of view is ``margin`` times as wide as a photo's; what is not there is at 0.
    """
    seen = Viewpoint.of(shot, parts)
    room = _room(shot, parts, _camera(seen, size, samples, margin))
    light = _traced(room, {"type": "path", "max_depth": 5}, shot, samples)
    pinhole = {**_camera(seen, size, 1, margin), "aperture_radius": 1e-6}
    depth = _traced({**room, "sensor": pinhole}, {"type": "depth"}, shot, 1)
    return light, depth[..., 0]


def render_alone(
    shot: Shot, parts: list[Part], size: tuple[int, int], samples: int
) -> tuple[Radiance, Radiance]:
    """Linear RGB (height, width, 3) of an object's shot without its room, and its outline.

    The outline is the share of each pixel that the object covers, (height, width). Where that is
    none, the light is the object's own mean, so that developing has nothing else to look at.
    """
    sensor = _camera(Viewpoint.of(shot, parts), size, samples)
    sensor["film"]["pixel_format"] = "rgba"
    scene = {"type": "scene", "sensor": sensor, **_lights(shot.light), **_meshes(parts)}
    integrator = {"type": "path", "max_depth": 5, "hide_emitters": True}
    rendered = _traced(scene, integrator, shot, samples)
    outline = rendered[..., 3].clip(0, 1)
    own = rendered[..., :3] / np.maximum(outline, 1e-3)[..., None]
    inside = outline > 0.5
    light = np.where(inside[..., None], own, own[inside].mean(axis=0))
    return light.astype(np.float32), outline


def _room(shot: Shot, parts: list[Part], sensor: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scene",
        "sensor": sensor,
        "table": _table(shot),
        "wall": _wall(shot),
        **_lights(shot.light),
        **_meshes(parts + clutter(_random(shot, "clutter"))),
    }


def _meshes(parts: list[Part]) -> dict[str, Any]:
    return {f"part{index}": _mesh(f"part{index}", part) for index, part in enumerate(parts)}


def _traced(
    scene: dict[str, Any], integrator: dict[str, Any], shot: Shot, samples: int
) -> NDArray[np.float32]:
    loaded = mi.load_dict({**scene, "integrator": integrator})
    image = mi.render(loaded, spp=samples, seed=zlib.crc32(shot.name.encode()))
    return np.array(image, np.float32)


def _camera(
    seen: Viewpoint, size: tuple[int, int], samples: int, margin: float = 1.0
) -> dict[str, Any]:
    pose = mi.ScalarTransform4f().look_at(
        origin=seen.origin.tolist(), target=seen.target.tolist(), up=seen.up.tolist()
    )
    # A box filter keeps pixels independent, so thread order cannot change a sum.
    film = {"type": "hdrfilm", "width": size[0], "height": size[1], "rfilter": {"type": "box"}}
    half = margin * np.tan(np.radians(FIELD_OF_VIEW / 2))
    return {
        "type": "thinlens",
        "fov": FIELD_OF_VIEW if margin == 1.0 else float(np.degrees(2 * np.arctan(half))),
        "fov_axis": "smaller",
        "aperture_radius": _APERTURE,
        "focus_distance": seen.distance - 2.0,
        "to_world": pose,
        "film": film,
        "sampler": {"type": "multijitter", "sample_count": samples},
    }


def _table(shot: Shot) -> dict[str, Any]:
    sheet = TABLES[shot.table](_random(shot, "table"))
    place = mi.ScalarTransform4f().scale(_TABLE_SIDE / 2)
    return {"type": "rectangle", "to_world": place, "bsdf": _material(sheet, 0.45)}


def _wall(shot: Shot) -> dict[str, Any]:
    sheet = WALLS[shot.wall](_random(shot, "wall"))
    place = mi.ScalarTransform4f().translate([0, _WALL_DISTANCE, _WALL_SIDE / 2])
    place = place.rotate([1, 0, 0], 90).scale(_WALL_SIDE / 2)
    return {"type": "rectangle", "to_world": place, "bsdf": _material(sheet, 0.7)}


def _lights(light: Light) -> dict[str, Any]:
    turn = rotation("z", light.azimuth) @ rotation("x", -light.elevation)
    place = mi.ScalarTransform4f().look_at(
        origin=(-90 * turn[:, 1] + [0, 0, 6]).tolist(), target=[0, 0, 6], up=[0, 0, 1]
    )
    strength = 3.2 * (45.0 / light.size) ** 1.6
    tint = np.array([light.warmth, 1.0, 1.0 / light.warmth])
    window = {
        "type": "rectangle",
        "to_world": place.scale(light.size / 2),
        "emitter": _emitter("area", strength * tint),
    }
    # The room's own light leans the other way, as sky and lamps do.
    room = _emitter("constant", light.ambient * tint[::-1] ** 0.5)
    return {"window": window, "room": room}


def _emitter(kind: str, colour: NDArray[np.float64]) -> dict[str, Any]:
    return {"type": kind, "radiance": {"type": "rgb", "value": colour.tolist()}}


def _mesh(name: str, part: Part) -> Any:
    grid, triangles = part.grid, part.grid.triangles()
    properties = mi.Properties()
    properties["mesh_bsdf"] = mi.load_dict(_material(part.paint, part.roughness, part.metallic))
    vertices = grid.points.reshape(-1, 3)
    mesh = mi.Mesh(
        name,
        len(vertices),
        len(triangles),
        has_vertex_normals=True,
        has_vertex_texcoords=True,
        props=properties,
    )
    values = mi.traverse(mesh)
    values["vertex_positions"] = vertices.astype(np.float32).ravel()
    values["vertex_texcoords"] = grid.uv.astype(np.float32).ravel()
    values["faces"] = triangles.ravel()
    values.update()
    return mesh


def _material(
    paint: Pixels | tuple[float, float, float], roughness: float, metallic: float = 0.0
) -> dict[str, Any]:
    if isinstance(paint, tuple):
        colour: dict[str, Any] = {"type": "rgb", "value": list(paint)}
    else:
        upright = np.ascontiguousarray(paint[::-1])  # Mitsuba counts v from the first row
        colour = {"type": "bitmap", "bitmap": mi.Bitmap(upright)}
    surface = {
        "type": "principled",
        "base_color": colour,
        "roughness": roughness,
        "metallic": metallic,
        "specular": 0.5,
    }
    return {"type": "twosided", "bsdf": surface}


def _random(shot: Shot, what: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{shot.place or shot.name}/{what}".encode()))
