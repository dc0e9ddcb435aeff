"""Several records of one object: are they told to be, and do they give each other away?"""
