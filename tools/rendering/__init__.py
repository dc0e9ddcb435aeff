"""Path-traced photos of made-up everyday objects: shapes, prints, rooms, light and camera.

Lengths are centimetres, angles degrees; z points up and an object's front faces -y.
"""
